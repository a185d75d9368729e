/** The first and the last line of a certificate in PEM. Source: RFC 7468; OpenSSL also knows the longer labels. */
const EDGES = /^-----(BEGIN|END) ((?:TRUSTED |X509 )?CERTIFICATE)-----/gm

/**
 * Returns the certificates of a PEM text, each as text; the whole text if it does not have any. Like Go, it begins a
 * certificate at the last first line, so that its time is proportional to the length of the text. Source: encoding/pem.
 */
export function pemBlocks(text: string): readonly string[] {
  const blocks: string[] = []
  let begun: { readonly label: string | undefined; readonly at: number } | undefined
  for (const { 0: line, 1: edge, 2: label, index } of text.matchAll(EDGES)) {
    if (edge === 'BEGIN') begun = { label, at: index }
    else if (begun?.label === label) blocks.push(text.slice(begun?.at, index + line.length))
    if (edge === 'END') begun = undefined
  }
  return blocks.length > 0 ? blocks : [text]
}

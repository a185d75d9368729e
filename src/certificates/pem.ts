/** The certificates of a PEM text, one text each; the whole text if there is none. */
export function pemBlocks(text: string): readonly string[] {
  return text.match(/^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----.*?^-----END \1?CERTIFICATE-----/gms) ?? [text]
}

/** The characters of a hash: those of the line and of the lines after it. */
const LENGTH = 100

/**
 * Returns GitHub's hash of each of these lines, by which it knows an alert again after the line has moved. The action that
 * uploads SARIF computes it, too, and warns about a different one.
 *
 * Source: github/codeql-action, src/fingerprints.ts.
 */
export function lineHashes(text: string, lines: ReadonlySet<number>): Map<number, string> {
  const stream = text.replaceAll(/\r\n?/g, '\n').replaceAll(/[ \t]/g, '')
  const counts = new Map<string, number>()
  const hashes = new Map<number, string>()
  let line = 0
  for (let begin = 0; begin <= stream.length; line += 1) {
    const characters = stream.slice(begin, begin + LENGTH)
    const count = (counts.get(characters) ?? 0) + 1
    counts.set(characters, count)
    if (lines.has(line + 1)) hashes.set(line + 1, `${hashOf(characters)}:${count}`)
    const end = stream.indexOf('\n', begin)
    if (end === -1) break
    begin = end + 1
  }
  return hashes
}

/** Returns a polynomial of the characters, of which 0xffff marks the end of the file, modulo 2 to the power of 64. */
function hashOf(characters: string): string {
  const padded = characters.length < LENGTH ? `${characters}\uffff`.padEnd(LENGTH, '\0') : characters
  let hash = 0n
  for (let at = 0; at < LENGTH; at += 1) hash = BigInt.asUintN(64, hash * 37n + BigInt(padded.charCodeAt(at)))
  return hash.toString(16)
}

/** Longest part of a foreign text that is shown, in characters: the longest name that Kubernetes allows. */
const LONGEST = 253

/**
 * A foreign text in double quotes, safe on a terminal and in a header line: quotes, backslashes, control and other
 * invisible characters are escaped, and an overlong text is cut. Object names may hold any character, since the schema
 * of a reference's `name` bounds only its length.
 */
export function quote(text: string): string {
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return escaped(shown)
}

/** The characters of a text, each as `quote` shows it. */
export function escapedCharacters(text: string): string[] {
  return (
    escaped(text)
      .slice(1, -1)
      .match(/\\u\{[0-9a-f]+\}|\\u[0-9a-f]{4}|\\?./gu) ?? []
  )
}

function escaped(text: string): string {
  return JSON.stringify(text).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

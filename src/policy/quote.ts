/** Longest part of a foreign text that is shown, in characters: the longest name that Kubernetes allows. */
const LONGEST = 253

/**
 * A foreign text in double quotes, safe on a terminal and in a header line: quotes, backslashes, control and other
 * invisible characters are escaped, and an overlong text is cut. Object names may hold any character, since the schema
 * of a reference's `name` bounds only its length.
 */
export function quote(text: string): string {
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return JSON.stringify(shown).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

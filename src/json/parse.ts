/** A text is no JSON: where, and what is wrong with it. Nothing of the text is quoted. */
export class JsonError extends Error {}

/**
 * The value of a text that was kept.
 *
 * @throws JsonError
 */
export function parseKept(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes what it read.
    throw new JsonError('a string, a number or a literal in it is malformed')
  }
}

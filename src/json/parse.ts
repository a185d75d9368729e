/** A text is not JSON. The message says where and why, and does not quote the text. */
export class JsonError extends Error {}

/**
 * Parses a text that was kept.
 *
 * @throws JsonError
 */
export function parseKept(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new JsonError('a string, a number or a literal in it is malformed')
  }
}

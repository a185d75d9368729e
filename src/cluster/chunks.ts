import type { IncomingMessage } from 'node:http'

/**
 * Yields the chunks of an answer, and closes it in the end.
 *
 * @throws Error after `silence` ms without a chunk, or after `longest` ms in total
 */
export async function* chunks(
  response: IncomingMessage,
  path: string,
  silence: number,
  longest?: number,
): AsyncGenerator<Buffer> {
  // The socket's own timeout does not suit: the socket outlives the response.
  const silent = setTimeout(() => response.destroy(new Error(`${path}: no data for ${silence} ms`)), silence)
  const giveUp = () => response.destroy(new Error(`${path}: the answer did not end within ${longest} ms`))
  const late = longest === undefined ? undefined : setTimeout(giveUp, longest)
  try {
    for await (const chunk of response) {
      silent.refresh()
      yield chunk
    }
  } finally {
    clearTimeout(silent)
    clearTimeout(late)
    response.destroy()
  }
}

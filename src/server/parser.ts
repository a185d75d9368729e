import type { Socket } from 'node:net'

/** The HTTP parser of a connection, which Node does not document. Source: Node, src/node_http_parser.cc. */
interface Parser {
  [key: string]: unknown
  unconsume(): void
  remove(): void
  close(): void
}

/**
 * Drops what Node has already read from a connection, which may be thousands of requests or pieces of a body: Node would
 * create objects for each. Removes the parser's callbacks, and closes the parser. Does nothing if a version of Node has a
 * different parser.
 */
export function dropWhatWasRead(socket: Socket): void {
  const holder = socket as { parser?: Parser | null }
  const { parser } = holder
  const calls = Object.entries(parser ?? {}).filter(([, call]) =>
    String((call as { name?: unknown } | null)?.name).startsWith('parserOn'),
  )
  if (!parser || calls.length === 0) return
  for (const [key] of calls) parser[key] = undefined
  holder.parser = null
  // The parser is still running in this turn.
  setImmediate(() => {
    parser.unconsume()
    parser.remove()
    parser.close()
  })
}

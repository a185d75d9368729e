import type { Socket } from 'node:net'

/** A connection's parser as Node has it; no part of its documented interface. Source: Node, src/node_http_parser.cc. */
interface Parser {
  [key: string]: unknown
  unconsume(): void
  remove(): void
  close(): void
}

/**
 * Lets Node drop all that it has read of a connection already, thousands of requests or pieces of a body perhaps: it would
 * make objects of each. What the parser calls for them is taken from it, and it is not used again. Where a version of Node
 * has another parser, nothing is done.
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
  // It is at work in this turn.
  setImmediate(() => {
    parser.unconsume()
    parser.remove()
    parser.close()
  })
}

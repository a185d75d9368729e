import type { IncomingMessage } from 'node:http'
import type { Load, Share, ShedReason } from './load.ts'

/**
 * Values that one review may hold: each object, list and comma counts. An object of the most that etcd stores by default,
 * 1.5 MiB, has far fewer, and so has a review of two; `[{},{},...]` of 8 MiB would have 2.8 million, of 90 MiB in memory.
 */
const MOST_VALUES = 500_000

/** How far into a body its uid is looked for, in bytes. The API server writes it first. Source: admission/v1, types.go. */
const BEGINNING = 1_024

/** A body that is not taken; `statusCode` is the answer's. */
class BodyRefused extends Error {
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

const WORDS: Record<ShedReason, string> = {
  reviews: 'it judges as many reviews as it can already',
  memory: 'the reviews that it judges already are as large as it can hold',
  late: 'it is asked more than it can judge in time',
}

/** More is asked of this server than it can carry. */
export class Overloaded extends Error {
  /** Of the review that was turned away, if it could be seen. */
  readonly uid: string | undefined
  /** How long ago it came, in ms. */
  readonly elapsed: number

  constructor(reason: ShedReason, uid: string | undefined, elapsed: number) {
    super(WORDS[reason])
    this.uid = uid
    this.elapsed = elapsed
  }
}

/**
 * Reads the body of a review, as far as there is room for it. What is turned away is read to its end all the same, since
 * a client that still writes would miss the answer.
 *
 * @param limit the most that is taken, in bytes
 * @param patience how long the body may have taken to arrive and to have its turn, in ms
 * @throws Overloaded, BodyRefused
 */
export async function readBody(
  payload: IncomingMessage,
  { limit, load, share, patience }: { limit: number; load: Load; share: Share; patience: number },
): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = Number(payload.headers['content-length'] ?? 0)
  let shed: ShedReason | undefined
  if (bytes <= limit) {
    bytes = 0
    await eachChunk(payload, (chunk) => {
      bytes += chunk.length
      if (bytes > limit) return false
      shed ??= share.hold(chunk.length)
      if (!shed || chunks.length === 0) chunks.push(chunk)
      return true
    })
  }
  if (bytes > limit) throw new BodyRefused(413, `the body is too large: at most ${limit} bytes are taken`)
  await load.turn(bytes)
  const values = shed ? 0 : valuesIn(chunks)
  if (values > MOST_VALUES)
    throw new BodyRefused(413, `the body is too large: it holds more than ${MOST_VALUES} values`)
  shed ??= share.judge(values, patience)
  if (shed) throw new Overloaded(shed, uidIn(chunks[0]), share.elapsed)
  return Buffer.concat(chunks).toString()
}

/**
 * Reads until the end, or until `take` wants no more; the connection stays open for the answer. By events, which take a
 * fraction of the time of a stream's iterator.
 *
 * @throws BodyRefused
 */
function eachChunk(payload: IncomingMessage, take: (chunk: Buffer) => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onData = (chunk: Buffer) => {
    if (take(chunk)) return
    payload.off('data', onData).pause()
    resolve()
  }
  const onBreak = () => reject(new BodyRefused(400, 'the body ended before its end'))
  // Closed before anybody listened: no event is to come.
  if (payload.destroyed) onBreak()
  payload.on('data', onData).once('end', resolve).once('error', onBreak).once('close', onBreak)
  return promise
}

/** At least as many as the values of a JSON text: each but the first follows one of these bytes. */
function valuesIn(chunks: readonly Buffer[]): number {
  let values = 0
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === COMMA || byte === LIST || byte === OBJECT) values += 1
    }
  return values
}

const [COMMA, LIST, OBJECT] = Buffer.from(',[{')

function uidIn(chunk: Buffer = Buffer.alloc(0)): string | undefined {
  return /"uid":"(?<uid>[^"\\]{1,253})"/.exec(chunk.toString('latin1', 0, BEGINNING))?.groups?.uid
}

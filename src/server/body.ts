import type { IncomingMessage } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Excess } from '../admission/oversize.ts'
import { NotAReview } from '../admission/review.ts'
import { free } from '../json/piece.ts'
import type { Allowance } from './allowance.ts'
import { Arriving } from './arriving.ts'
import { excessOf, isDoubtful, LARGEST_BODY, lookAt, type Summary, SummaryReader } from './content.ts'
import type { Load } from './load.ts'
import type { ShedReason } from './observer.ts'
import type { Retries } from './retries.ts'

/**
 * Where a connection is cut, in bytes of one body. The API server cannot send more than about 36 MiB: two objects of
 * 3 MiB in which each byte is written as six, such as `\u003c`.
 */
const CUT = 64 * 1024 * 1024

/** How far into a body its uid is looked for, in bytes. The API server writes it first. Source: admission/v1, types.go. */
const BEGINNING = 1_024

/**
 * Pieces that a body may come in, whatever their size, and how large they are to be beyond that, on average, in bytes. A
 * network's packets have some 1,400; pieces of one byte cost 1,000 times as much as others, a byte.
 */
const FREE_PIECES = 1_000
const SMALLEST_PIECE = 64

/** What is measured in one turn of the event loop, in bytes: some ms of work. */
const MEASURED_AT_ONCE = 256 * 1024

/**
 * Memory of one parsed value, in bytes. With Node 24, most take 8 to 60; the most, 104, was measured for lists of objects
 * with one key of digits each, and 92 for objects with one key each that is in no other.
 */
const VALUE_WEIGHT = 104

/** What V8 takes for a character of a text that is not all ASCII, in bytes; of one that is, it takes one. */
const WIDE = 2

/** A body that is not taken; `statusCode` is the answer's. */
export class BodyRefused extends Error {
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

/** Its connection is closed at once, since each further piece costs as much. */
class TinyPieces extends BodyRefused {}

const WORDS: Record<ShedReason, string> = {
  reviews: 'it judges as many reviews as it can already',
  memory: 'the reviews that it judges already are as large as it can hold',
  late: 'it is asked more than it can judge in time',
  gone: 'its client waits no more',
}

/** More is asked of this server than it can carry. */
export class Overloaded extends Error {
  readonly reason: ShedReason
  /** Of the review that was turned away, if it could be seen. */
  readonly uid: string | undefined

  constructor(reason: ShedReason, uid: string | undefined) {
    super(WORDS[reason])
    this.reason = reason
    this.uid = uid
  }
}

/** A body in JSON: all of it, or only its summary if it is too large to be judged. */
export interface Body {
  readonly review: unknown
  readonly excess: Excess | undefined
}

/** What reading a body needs to know. */
export interface Reading {
  readonly load: Load
  readonly allowance: Allowance
  readonly retries: Retries
}

/**
 * Reads the body of a review, as far as there is room and time for it, when it is its turn. What is turned away is read
 * to its end all the same, since a client that still writes would miss the answer.
 *
 * @throws Overloaded, BodyRefused, or NotAReview for a body that is no JSON
 */
export async function readBody(payload: IncomingMessage, { load, allowance, retries }: Reading): Promise<Body> {
  if (Number(payload.headers['content-length'] ?? 0) > CUT) throw tooLarge()
  const incoming = new Incoming(allowance)
  allowance.startArrival((evicted) => incoming.drop(evicted))
  await eachChunk(payload, (chunk) => incoming.take(chunk))
  allowance.endArrival()
  const { uid } = incoming
  const begun = uid === undefined ? undefined : retries.begun(uid)
  if (begun !== undefined) allowance.continue(begun)
  await load.turns.next(incoming.length, allowance.turnUntil)
  const shed = incoming.shed ?? allowance.startTurn() ?? allowance.startReview()
  if (shed) throw new Overloaded(shed, uid)
  const body = await incoming.parse()
  if (body instanceof Object) return body
  throw new Overloaded(body, uid)
}

/** A body as it arrives: all of it, or a summary once it is larger than any review that is judged. */
class Incoming {
  readonly #allowance: Allowance
  readonly #arriving: Arriving
  #summary: SummaryReader | undefined
  #beginning: Buffer | undefined
  /** Why it is turned away, if it is. */
  shed: ShedReason | undefined
  length = 0
  #pieces = 0

  constructor(allowance: Allowance) {
    this.#allowance = allowance
    this.#arriving = new Arriving(allowance)
  }

  get uid(): string | undefined {
    return /"uid":"(?<uid>[^"\\]{1,253})"/.exec(this.#beginning?.toString('latin1') ?? '')?.groups?.uid
  }

  /** @throws BodyRefused, NotAReview */
  take(chunk: Buffer): void {
    this.#beginning ??= Buffer.from(chunk.subarray(0, BEGINNING))
    this.length += chunk.length
    if (this.length > CUT) throw tooLarge()
    this.#pieces += 1
    if ((this.#pieces - FREE_PIECES) * SMALLEST_PIECE > this.length)
      throw new TinyPieces(400, 'the body comes in pieces that are too small')
    if (this.shed) free(chunk)
    else if (!this.#summary && this.length <= LARGEST_BODY) this.shed = this.#arriving.append(chunk)
    else this.#summarize(chunk)
  }

  /** Drops what has arrived, and takes no more. */
  drop(evicted: ShedReason | undefined): void {
    this.shed ??= evicted
    this.#arriving.discard()
  }

  /** Parses what has arrived; the reason if there is no memory for what comes of it. */
  async parse(): Promise<Body | ShedReason> {
    if (this.#summary) return summarized(this.#summary)
    const bytes = this.#arriving.bytes
    const look = lookAt(bytes)
    let { values } = look
    if (isDoubtful(look, bytes)) {
      const measured = await this.#measure(bytes)
      if (typeof measured !== 'object') return measured
      const excess = excessOf(measured)
      if (excess) return { review: measured.review, excess }
      values = measured.total.values
    }
    // The text, and then again as much for the texts in it.
    const textBytes = bytes.length * (look.ascii ? 1 : WIDE)
    const shed = this.#allowance.reserve('values', textBytes)
    if (shed) return shed
    const text = bytes.toString()
    this.#arriving.discard()
    const shedValues = this.#allowance.reserve('values', textBytes + values * VALUE_WEIGHT)
    if (shedValues) return shedValues
    return { review: parseJson(text), excess: undefined }
  }

  #summarize(chunk: Buffer): void {
    this.shed = this.#summary ? undefined : this.#allowance.startOversized()
    if (!this.shed) {
      this.#summary ??= this.#summaryOfArrived()
      this.#summary.push(chunk)
    }
    free(chunk)
    this.#arriving.discard()
  }

  #summaryOfArrived(): SummaryReader {
    const summary = new SummaryReader()
    summary.push(this.#arriving.bytes)
    return summary
  }

  async #measure(bytes: Buffer): Promise<Summary | ShedReason> {
    const summary = new SummaryReader()
    for (let at = 0; at < bytes.length; at += MEASURED_AT_ONCE) {
      if (at > 0) await nextTurn()
      // Its memory is freed already.
      if (this.#allowance.gone) return this.#allowance.turnAwayGone()
      summary.push(bytes.subarray(at, at + MEASURED_AT_ONCE))
    }
    return summary.end()
  }
}

function summarized(reader: SummaryReader): Body {
  const summary = reader.end()
  return { review: summary.review, excess: excessOf(summary) }
}

/** @throws NotAReview */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NotAReview(`the body is no JSON: ${(error as Error).message}`, { cause: error })
  }
}

function tooLarge(): BodyRefused {
  return new BodyRefused(413, `the body is too large: at most ${CUT} bytes are read`)
}

/**
 * Reads until the end, or until `take` throws. By events, which take a fraction of the time of a stream's iterator.
 *
 * @throws BodyRefused, or what `take` throws
 */
function eachChunk(payload: IncomingMessage, take: (chunk: Buffer) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onData = (chunk: Buffer) => {
    try {
      take(chunk)
    } catch (error) {
      // Read on, and dropped: what is not read would be kept, piece by piece.
      payload.off('data', onData).resume()
      if (error instanceof TinyPieces) payload.destroy()
      reject(error)
    }
  }
  const onBreak = () => reject(new BodyRefused(400, 'the body ended before its end'))
  // Closed before anybody listened: no event is to come.
  if (payload.destroyed) onBreak()
  payload.on('data', onData).once('end', resolve).once('error', onBreak).once('close', onBreak)
  return promise
}

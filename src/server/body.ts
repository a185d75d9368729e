import { isAscii } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Excess } from '../admission/excess.ts'
import { free } from '../json/piece.ts'
import { overloadSentence } from '../wording/unavailable.ts'
import type { Allowance } from './allowance.ts'
import { Arriving } from './arriving.ts'
import type { Capacity } from './capacity.ts'
import { excessOf, isDoubtful, isLong, LARGEST_BODY, type Summary, SummaryReader } from './content.ts'
import { type Look, lookAt } from './look.ts'
import type { ShedReason } from './observer.ts'
import type { Retries } from './retries.ts'
import { type Parsed, parseApart, parseText } from './text.ts'

/**
 * The size of a body at which its connection is closed, in bytes. The API server cannot send more than about 36 MiB: two
 * objects of 3 MiB in which each byte is written as six, such as `\u003c`.
 */
const CUT = 64 * 1024 * 1024

/** How much of a body is searched for its uid, in bytes. The API server writes it first. Source: admission/v1, types.go. */
const BEGINNING = 1_024

/**
 * The number of pieces of a body that may have any size, and the minimum average size of further pieces, in bytes.
 * Network packets have about 1,400 bytes; a byte in a piece of its own costs 1,000 times as much.
 */
const FREE_PIECES = 1_000
const SMALLEST_PIECE = 64

/** How much is measured in one turn of the event loop, in bytes: a few ms of work. */
const MEASURED_AT_ONCE = 256 * 1024

/**
 * The memory of one parsed value, in bytes. With Node 24, most values take 8 to 60. The maximum, 104, was measured for
 * lists of objects with one numeric key each, and 92 for objects with one unique key each.
 */
const VALUE_WEIGHT = 104

/** The memory of a character in a string that is not ASCII, in bytes. In an ASCII string, V8 uses one. */
const WIDE = 2

/** A rejected body; `statusCode` is the status of the answer. */
export class BodyRefused extends Error {
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

/** A body in pieces that are too small. Its connection is closed immediately, since every further piece has the same cost. */
class TinyPieces extends BodyRefused {}

/** A review that is dropped because the server is overloaded. */
export class Overloaded extends Error {
  readonly reason: ShedReason
  /** The uid of the dropped review, if it was read. */
  readonly uid: string | undefined

  constructor(reason: ShedReason, uid: string | undefined) {
    super(overloadSentence(reason))
    this.reason = reason
    this.uid = uid
  }
}

/** The parsed body, or only its summary if it is too large to judge. */
export interface Body extends Parsed {
  readonly excess: Excess | undefined
}

/** The state of the server and of the request that `readBody` uses. */
export interface Reading {
  readonly capacity: Capacity
  readonly allowance: Allowance
  readonly retries: Retries
}

/**
 * Reads the body of a review, and parses it in its turn, if there is enough memory and time. Reads the body of a dropped
 * review to its end, since a client that is still writing would miss the answer.
 *
 * @throws Overloaded, BodyRefused, or NotAReview if the body is not JSON
 */
export async function readBody(payload: IncomingMessage, { capacity, allowance, retries }: Reading): Promise<Body> {
  if (Number(payload.headers['content-length'] ?? 0) > CUT) throw tooLarge()
  const incoming = new Incoming(allowance)
  allowance.startArrival((evicted) => incoming.drop(evicted))
  await eachChunk(payload, (chunk) => incoming.take(chunk))
  allowance.endArrival()
  const { uid } = incoming
  const begun = uid === undefined ? undefined : retries.begun(uid)
  if (begun !== undefined) allowance.continue(begun)
  await capacity.turns.next(incoming.length, allowance.turnUntil)
  const shed = incoming.shed ?? allowance.startTurn() ?? allowance.startReview()
  if (shed) throw new Overloaded(shed, uid)
  const body = await incoming.parse()
  if (body instanceof Object) return body
  throw new Overloaded(body, uid)
}

/** An incoming body: its bytes, or a summary once it is larger than any review that is judged. */
class Incoming {
  readonly #allowance: Allowance
  readonly #arriving: Arriving
  #summary: SummaryReader | undefined
  #beginning: Buffer | undefined
  /** Why the review is dropped, if it is. */
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
      throw new TinyPieces(400, 'the body arrives in pieces that are too small')
    if (this.shed) free(chunk)
    else if (!this.#summary && this.length <= LARGEST_BODY) this.shed = this.#arriving.append(chunk)
    else this.#summarize(chunk)
  }

  /** Discards the received bytes and the rest of the body. */
  drop(evicted: ShedReason | undefined): void {
    this.shed ??= evicted
    this.#arriving.discard()
  }

  /** Parses the received bytes; a reason if there is not enough memory for the values. */
  async parse(): Promise<Body | ShedReason> {
    if (this.#summary) return summarized(this.#summary)
    const bytes = this.#arriving.join()
    const width = isAscii(bytes) ? 1 : WIDE
    if (!isLong(bytes.length)) {
      const look = lookAt(bytes)
      if (!isDoubtful(look)) return this.#parseApart(bytes, width, look) ?? this.#parseWhole(bytes, width, look.values)
    }
    const measured = await this.#measure(bytes)
    if (typeof measured !== 'object') return measured
    const excess = excessOf(measured)
    return excess ? { review: measured.review, excess } : this.#parseWhole(bytes, width, measured.total.values)
  }

  /** Parses all but the stored object, for which the bytes stay; undefined if it cannot be left out. */
  #parseApart(bytes: Buffer, width: number, { values, stored }: Look): Body | ShedReason | undefined {
    if (!stored) return undefined
    const later = stored.to - stored.from
    const now = bytes.length - later
    // The text of what is parsed now is copied once. Then its strings stay, which take as much as it.
    const texts = now + Math.max(now, 2 * later)
    const shed = this.#allowance.reserve('values', texts * width + values * VALUE_WEIGHT)
    if (shed) return shed
    const parsed = parseApart(bytes, stored)
    if (!parsed) this.#allowance.release('values')
    return parsed && { ...parsed, excess: undefined }
  }

  #parseWhole(bytes: Buffer, width: number, values: number): Body | ShedReason {
    const textBytes = bytes.length * width
    const shed = this.#allowance.reserve('values', textBytes)
    if (shed) return shed
    const text = bytes.toString()
    this.#arriving.discard()
    // The strings in it take as much as the text again.
    const shedNow = this.#allowance.reserve('values', textBytes + values * VALUE_WEIGHT)
    return shedNow ?? { review: parseText(text), excess: undefined }
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
    summary.push(this.#arriving.join())
    return summary
  }

  async #measure(bytes: Buffer): Promise<Summary | ShedReason> {
    const summary = new SummaryReader()
    for (let at = 0; at < bytes.length; at += MEASURED_AT_ONCE) {
      if (at > 0) await nextTurn()
      // The bytes are freed already.
      if (this.#allowance.gone) return this.#allowance.turnAwayGone()
      summary.push(bytes.subarray(at, at + MEASURED_AT_ONCE))
    }
    return summary.end()
  }
}

/** Returns the review of a body that is longer than LARGEST_BODY, so that one of its parts is too large. */
function summarized(reader: SummaryReader): Body {
  const summary = reader.end()
  const excess = excessOf(summary)
  // Without it, the sizes of the objects would be judged in place of the objects.
  if (!excess) throw new Error('a body that is too large to keep has no part that is too large')
  return { review: summary.review, excess }
}

function tooLarge(): BodyRefused {
  return new BodyRefused(413, `the body is too large: the limit is ${CUT} bytes`)
}

/**
 * Reads until the end, or until `take` throws. Uses events, which take a fraction of the time of a stream's iterator.
 *
 * @throws BodyRefused, or what `take` throws
 */
function eachChunk(payload: IncomingMessage, take: (chunk: Buffer) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onData = (chunk: Buffer) => {
    try {
      take(chunk)
    } catch (error) {
      // Unread pieces would stay in memory, so the rest is read and dropped.
      payload.off('data', onData).resume()
      if (error instanceof TinyPieces) payload.destroy()
      reject(error)
    }
  }
  const onBreak = () => {
    // A whole request is closed, too: an error, with its stack, would be made for nothing.
    if (!payload.readableEnded) reject(new BodyRefused(400, 'the connection closed before the end of the body'))
  }
  // If the stream is destroyed already, it emits no further event.
  if (payload.destroyed) onBreak()
  payload.on('data', onData).on('end', resolve).on('error', onBreak).on('close', onBreak)
  return promise
}

import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COMMA,
  closingQuote,
  mayBeNumber,
  NUMBERED,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from '../json/bytes.ts'

/** What a look at a body finds. The body need not be JSON. */
export interface Look {
  /** An upper bound of the number of values, as a Scanner counts them. */
  readonly values: number
  /** An upper bound of the levels of nesting. */
  readonly openings: number
  /** Where the stored object of an update most likely is, in bytes; undefined if it is not where the API server writes it. */
  readonly stored: Span | undefined
}

/** A part of a body, from its first byte to the one after its last. */
export interface Span {
  readonly from: number
  readonly to: number
}

/**
 * The length up to which the values in a body are not counted, in bytes, and the most values in a byte: each that is named
 * by a number takes six bytes, such as `"1":0,`, and any other at least two.
 */
export const UNCOUNTED = 60_000
export const DENSEST = (1 + NUMBERED) / 6

/** The openings up to which a short body is not read byte by byte. */
const FEW = 1_000

/**
 * How the API server begins the stored object of an update, which it writes once, and goes on after it; and the nesting of
 * the request that has it. A name within an object is nested deeper, and a quote within a string has a backslash.
 * Source: k8s.io/api/admission/v1, types.go, AdmissionRequest.
 */
const STORED = '"oldObject":{'
const AFTER_STORED = ',"dryRun":'
const REQUEST = 2

/** Looks at a body. */
export function lookAt(bytes: Buffer): Look {
  return glanceAt(bytes) ?? readThrough(bytes)
}

/**
 * Looks at a short body by native searches, which take a third of the time. Returns undefined if that does not suffice: it
 * takes brackets in strings for nesting.
 */
function glanceAt(bytes: Buffer): Look | undefined {
  if (bytes.length > UNCOUNTED) return undefined
  const text = bytes.toString('latin1')
  const openings = countOf('{', text) + countOf('[', text)
  if (openings > FEW) return undefined
  return { values: Math.ceil(bytes.length * DENSEST), openings, stored: storedIn(text) }
}

/** Counts a character, up to a few more than FEW. */
function countOf(character: string, text: string): number {
  let count = 0
  for (let at = text.indexOf(character); at >= 0 && count <= FEW; at = text.indexOf(character, at + 1)) count += 1
  return count
}

/** Finds the stored object by its braces, some of which may be in strings. */
function storedIn(text: string): Span | undefined {
  const from = text.indexOf(STORED) + STORED.length - 1
  if (from < STORED.length - 1) return undefined
  let [depth, opening, closing] = [0, from, text.indexOf('}', from)]
  while (closing >= 0) {
    if (opening >= 0 && opening < closing) {
      depth += 1
      opening = text.indexOf('{', opening + 1)
    } else {
      depth -= 1
      if (depth === 0) break
      closing = text.indexOf('}', closing + 1)
    }
  }
  const to = closing + 1
  return closing >= 0 && text.startsWith(AFTER_STORED, to) ? { from, to } : undefined
}

const STORED_BYTES = Buffer.from(STORED)

/** Looks at all bytes outside of strings. Each value but the first follows a `,`, `[` or `{`. */
function readThrough(bytes: Buffer): Look {
  const { length } = bytes
  let [commas, openings, depth, numbered] = [0, 0, 0, 0]
  let [from, to, places] = [0, 0, 0]
  for (let at = 0; at < length; at += 1) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      if (depth === REQUEST && isStoredAt(at, bytes)) {
        from = at + STORED.length - 1
        places += 1
      }
      if (mayBeNumber(bytes[at + 1] ?? 0)) numbered += 1
      at = closingQuote(bytes, at + 1)
    } else if (byte === COMMA) commas += 1
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      openings += 1
      depth += 1
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth -= 1
      if (depth === REQUEST && to < from) to = at + 1
    }
  }
  const values = commas + openings + NUMBERED * numbered
  return { values, openings, stored: places === 1 && to > from ? { from, to } : undefined }
}

function isStoredAt(at: number, bytes: Buffer): boolean {
  let same = 0
  while (same < STORED.length && bytes[at + same] === STORED_BYTES[same]) same += 1
  return same === STORED.length
}

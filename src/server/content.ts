import type { Excess } from '../admission/excess.ts'
import { NotAReview } from '../admission/review.ts'
import { mayBeNumber, NUMBERED } from '../json/bytes.ts'
import { Projector } from '../json/projector.ts'
import { type Measure, Measured } from '../json/shape.ts'
import type { Oversize } from '../wording/oversize.ts'

const MIB = 1024 * 1024

/**
 * The largest object that is judged. The API server accepts requests of 3 MiB; in a review, `<`, `>` and `&` take six
 * bytes each, and are rare. Objects of Gateway API have a few thousand values in at most 15 levels.
 * Source: k8s.io/apiserver/pkg/server/config.go, MaxRequestBodyBytes.
 */
const LARGEST_OBJECT: Measure = { bytes: 4 * MIB, values: 120_000, nesting: 1_000 }

/** The largest rest of a review without its objects: the user, and the request. */
const LARGEST_REST: Measure = { bytes: MIB, values: 20_000, nesting: 1_000 }

/** The largest body of a review that is judged, in bytes. The review of an update has two objects. */
export const LARGEST_BODY = 2 * LARGEST_OBJECT.bytes + LARGEST_REST.bytes

/** The largest summary of a review that is too large, in bytes: uid, names and groups. */
const LARGEST_SUMMARY = 16 * 1024

const REVIEWED = new Measured({ metadata: { generation: 'whole' } })

const SUMMARY = {
  apiVersion: 'whole',
  kind: 'whole',
  request: {
    uid: 'whole',
    kind: { group: 'whole', version: 'whole', kind: 'whole' },
    subResource: 'whole',
    name: 'whole',
    namespace: 'whole',
    operation: 'whole',
    dryRun: 'whole',
    userInfo: { username: 'whole', groups: 'whole' },
    options: { fieldManager: 'whole' },
    object: REVIEWED,
    oldObject: REVIEWED,
  },
} as const

/** A review without its objects, and its size. */
export interface Summary {
  /** The result of JSON.parse, with the sizes of the objects in their place. */
  readonly review: unknown
  readonly object: Measure | undefined
  readonly oldObject: Measure | undefined
  /** The size of the whole review. */
  readonly total: Measure
}

/** Summarizes a review of any size. */
export class SummaryReader {
  #summary: Summary | undefined
  readonly #projector = new Projector({
    shape: SUMMARY,
    most: LARGEST_SUMMARY,
    document: (review, _whole, total) => {
      const { object, oldObject } = (review as { request?: Partial<Summary> } | undefined)?.request ?? {}
      this.#summary = { review, object, oldObject, total }
    },
  })

  /** @throws NotAReview if the body is not JSON */
  push(chunk: Uint8Array): void {
    orNoReview(() => this.#projector.push(chunk))
  }

  /** @throws NotAReview if the body is not JSON */
  end(): Summary {
    orNoReview(() => this.#projector.end())
    return this.#summary as Summary
  }
}

function orNoReview(read: () => void): void {
  try {
    read()
  } catch (error) {
    throw new NotAReview(`the body is not JSON: ${(error as Error).message}`, { cause: error })
  }
}

/** Returns why a review is too large to judge; undefined if it is not. */
export function excessOf({ object, oldObject, total }: Summary): Excess | undefined {
  const stored = over(oldObject, LARGEST_OBJECT, 'stored')
  const rest = () => over(restOf(total, object, oldObject), LARGEST_REST, 'rest')
  const oversize = over(object, LARGEST_OBJECT) ?? stored ?? rest()
  if (!oversize) return undefined
  const [generation, storedGeneration] = [generationOf(object), generationOf(oldObject)]
  return { oversize, storedOversized: stored !== undefined, generation, storedGeneration }
}

function generationOf(object: Measure | undefined): number | undefined {
  const { metadata } = (object?.kept ?? {}) as { metadata?: { generation?: unknown } }
  return typeof metadata?.generation === 'number' ? metadata.generation : undefined
}

function over(measure: Measure | undefined, most: Measure, part?: Oversize['part']): Oversize | undefined {
  for (const cap of ['bytes', 'values', 'nesting'] as const) {
    const found = measure?.[cap] ?? 0
    if (found > most[cap]) return { cap, found, most: most[cap], ...(part && { part }) }
  }
  return undefined
}

function restOf(total: Measure, ...objects: (Measure | undefined)[]): Measure {
  const sum = (what: 'bytes' | 'values') => objects.reduce((sum, object) => sum + (object?.[what] ?? 0), 0)
  return { bytes: total.bytes - sum('bytes'), values: total.values - sum('values'), nesting: total.nesting - 2 }
}

/** What a look at the text of a review finds. */
export interface Look {
  /** An upper bound of the number of values, as a Scanner counts them: each but the first follows a `,`, `[` or `{`. */
  readonly values: number
  /** An upper bound of the levels of nesting. */
  readonly openings: number
  /** The text of the stored object; undefined if it is not where the API server writes it. */
  readonly stored: { readonly from: number; readonly to: number } | undefined
}

const [COMMA = 0, LIST, OBJECT, LIST_END, OBJECT_END, QUOTE = 0, BACKSLASH] = Buffer.from(',[{]}"\\')

/**
 * How the API server begins the stored object of an update, which it writes once, and the nesting of the request that has
 * it. A name within an object is nested deeper, and a quote within a string has a backslash.
 */
const STORED = '"oldObject":{'
const REQUEST = 2

/** Looks at a text that need not be JSON. */
export function lookAt(text: string): Look {
  const { length } = text
  let [commas, openings, depth, numbered] = [0, 0, 0, 0]
  let [from, to, places] = [0, 0, 0]
  for (let at = 0; at < length; at += 1) {
    const character = text.charCodeAt(at)
    if (character === QUOTE) {
      if (depth === REQUEST && text.startsWith(STORED, at)) {
        from = at + STORED.length - 1
        places += 1
      }
      if (mayBeNumber(text.charCodeAt(at + 1))) numbered += 1
      at = closingQuote(text, at + 1)
    } else if (character === COMMA) commas += 1
    else if (character === LIST || character === OBJECT) {
      openings += 1
      depth += 1
    } else if (character === LIST_END || character === OBJECT_END) {
      depth -= 1
      if (depth === REQUEST && to < from) to = at + 1
    }
  }
  const values = commas + openings + NUMBERED * numbered
  return { values, openings, stored: places === 1 && to > from ? { from, to } : undefined }
}

/** The characters of a string that are read one by one before the native search: its call costs as much as these. */
const NEAR = 32

/** Returns the position of the quote that ends a string, or the length of the text if it does not end. */
function closingQuote(text: string, from: number): number {
  const { length } = text
  let at = from
  for (;;) {
    const near = Math.min(at + NEAR, length)
    for (; at < near; at += 1) {
      const character = text.charCodeAt(at)
      if (character === QUOTE) return at
      if (character === BACKSLASH) at += 1
    }
    const quote = text.indexOf('"', at)
    if (quote < 0) return length
    let run = quote
    while (run > at && text.charCodeAt(run - 1) === BACKSLASH) run -= 1
    if ((quote - run) % 2 === 0) return quote
    at = quote + 1
  }
}

/** Whether a body of this length may exceed a limit, so that it must be measured before it becomes a text. */
export function isLong(length: number): boolean {
  return length > LARGEST_OBJECT.bytes
}

/** Whether a text may exceed a limit, so that it must be measured. */
export function isDoubtful({ values, openings }: Look): boolean {
  return values > LARGEST_REST.values || openings > LARGEST_OBJECT.nesting
}

import type { Excess } from '../admission/excess.ts'
import { NotAReview } from '../admission/review.ts'
import { Projector } from '../json/projector.ts'
import { type Measure, Measured } from '../json/shape.ts'
import type { Oversize } from '../wording/oversize.ts'
import { DENSEST, type Look, UNCOUNTED } from './look.ts'

const MIB = 1024 * 1024

/**
 * The largest object that is judged. The API server accepts requests of 3 MiB; in a review, `<`, `>` and `&` take six
 * bytes each, and are rare. Objects of Gateway API have a few thousand values in at most 15 levels.
 * Source: k8s.io/apiserver/pkg/server/config.go, MaxRequestBodyBytes.
 */
const LARGEST_OBJECT: Measure = { bytes: 4 * MIB, values: 120_000, nesting: 1_000 }

/** The largest rest of a review without its objects: the user, and the request. A body that is not counted cannot exceed it. */
const LARGEST_REST: Measure = { bytes: MIB, values: UNCOUNTED * DENSEST, nesting: 1_000 }

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

/** Whether a body of this length may exceed a limit, so that it must be measured before it becomes a text. */
export function isLong(length: number): boolean {
  return length > LARGEST_OBJECT.bytes
}

/** Whether a body may exceed a limit, so that it must be measured. */
export function isDoubtful({ values, openings }: Look): boolean {
  return values > LARGEST_REST.values || openings > LARGEST_OBJECT.nesting
}

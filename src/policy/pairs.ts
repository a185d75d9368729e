import type { Grant } from './grant.ts'
import { fromKey, kindKey, toKey } from './grant-keys.ts'
import { MOST_ENTRIES } from './names.ts'
import type { Reference } from './reference.ts'

/** Pairs of a referrer and a target, of which grants permit some. */
export type Pairs = ReadonlySet<string>

/**
 * Returns the pairs that references need: with the name of each target, and with every object of its kind.
 */
export function pairsOf(references: readonly Reference[]): { readonly named: Pairs; readonly every: Pairs } {
  const of = (key: (to: Reference['to']) => string) =>
    new Set(references.map(({ from, to }) => pair(to.namespace, fromKey(from), key(to))))
  return { named: of(toKey), every: of(kindKey) }
}

/**
 * Whether a grant permits pairs that another does not, for which a test is true. A grant with more entries than a ReferenceGrant may
 * have is not compared: the answer is true.
 *
 * @param other undefined if it permits nothing
 */
export function permitsMore(one: Grant, other: Grant | undefined, counts: (pair: string) => boolean): boolean {
  if (one.from.length > MOST_ENTRIES || one.to.length > MOST_ENTRIES) return true
  const accepted = new Set(other?.from.map(fromKey))
  const exposed = new Set(other?.to.map(toKey))
  return one.from.some((from) =>
    one.to.some((to) => {
      const isBoth = accepted.has(fromKey(from)) && (exposed.has(toKey(to)) || exposed.has(kindKey(to)))
      return !isBoth && counts(pair(one.namespace, fromKey(from), toKey(to)))
    }),
  )
}

const pair = (namespace: string, from: string, to: string) => JSON.stringify([namespace, from, to])

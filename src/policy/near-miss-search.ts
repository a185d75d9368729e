import { entriesOf, type Work } from './entry-difference.ts'
import { grantKindFor, type Versions } from './grant-kinds.ts'
import { isMisspelt } from './likeness.ts'
import { byNearness, type Candidate, FARTHEST, type NearMiss, nearMiss } from './near-miss.ts'
import { property } from './property.ts'
import type { ObjectName, Reference } from './reference.ts'

/** The comparisons of entries and of namespaces that one search may make in all: about half a second. */
const MOST_COMPARED = 300_000

/** The most near misses of one reference that are kept: as many as a report shows. */
const KEPT = 16

/** The near misses of a reference. */
export interface Found<T extends Candidate> {
  /** The first of them, the nearest first. */
  readonly misses: readonly NearMiss<T>[]
  /** The number of the others. */
  readonly more: number
  /** Whether every grant was compared; false if the work was used up before. */
  readonly complete: boolean
}

/** Searches the near misses of references among grants. The work for all references together is bounded. */
export class NearMissSearch<T extends Candidate = Candidate> {
  readonly #byNamespace: ReadonlyMap<string, readonly T[]>
  readonly #byTarget: ReadonlyMap<string, readonly T[]>
  readonly #found = new Map<string, Found<T>>()
  readonly #work: Work
  readonly #versions: Versions

  /** @param versions the versions to write; of the other kinds, one that every release serves */
  constructor(candidates: readonly T[], versions: Versions = new Map(), most = MOST_COMPARED) {
    this.#versions = versions
    this.#byNamespace = Map.groupBy(candidates, ({ name }) => name.namespace)
    this.#byTarget = byTarget(candidates)
    this.#work = { left: most }
  }

  /** Returns the grants that nearly permit a reference: in its target namespace, in that of the referrer, and elsewhere. */
  of(reference: Reference): Found<T> {
    const { from, to } = reference
    const key = JSON.stringify([from.group, from.kind, from.namespace, to, grantKindFor(reference)])
    const known = this.#found.get(key)
    if (known) return known
    const misses: NearMiss<T>[] = []
    for (const candidate of new Set(this.#near(reference))) {
      if (this.#work.left <= 0) break
      const miss = nearMiss(candidate, reference, this.#work, this.#versions)
      if (miss) misses.push(miss)
    }
    const kept = misses.sort(byNearness).slice(0, KEPT)
    const found = { misses: kept, more: misses.length - kept.length, complete: this.#work.left > 0 }
    this.#found.set(key, found)
    return found
  }

  /**
   * Returns the grant that is nearest to permitting a reference, unless even that was hardly meant for it.
   *
   * @param suits whether a near miss counts; default: each does
   */
  nearest(reference: Reference, suits: (miss: NearMiss) => boolean = () => true): NearMiss<T> | undefined {
    const nearest = this.of(reference).misses.find(suits)
    return nearest && nearest.cost < FARTHEST ? nearest : undefined
  }

  /** Yields the grants that may be near misses. */
  *#near({ from, to }: Reference): Generator<T> {
    yield* this.#byNamespace.get(to.namespace) ?? []
    yield* this.#byNamespace.get(from.namespace) ?? []
    this.#work.left -= this.#byNamespace.size
    for (const [namespace, candidates] of this.#byNamespace) if (isMisspelt(namespace, to.namespace)) yield* candidates
    yield* this.#byTarget.get(targetKey(to)) ?? []
  }
}

/** Returns the grants by each target that they name. */
function byTarget<T extends Candidate>(candidates: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>()
  for (const candidate of candidates) {
    for (const entry of entriesOf(candidate, 'to')) {
      const [kind, name] = [property(entry, 'kind'), property(entry, 'name')]
      if (typeof kind !== 'string' || typeof name !== 'string') continue
      const key = targetKey({ kind, name })
      const known = found.get(key)
      if (known) known.push(candidate)
      else found.set(key, [candidate])
    }
  }
  return found
}

const targetKey = ({ kind, name }: Pick<ObjectName, 'kind' | 'name'>) => JSON.stringify([kind, name])

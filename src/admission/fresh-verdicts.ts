import { grantKindsFor } from '../policy/grant-kinds.ts'
import type { GrantLookup } from '../policy/grant-lookup.ts'
import { judge, type Verdict } from '../policy/judge.ts'
import type { Reference } from '../policy/reference.ts'
import { type GrantSource, LookupFailed } from './grant-source.ts'

/**
 * How many target namespaces one review reads at once. One refusal refuses the object, so it reads more only while all
 * of these permit. An object may name 10,000 namespaces.
 */
const FRESH_NAMESPACES = 8

/**
 * How many additions to the cache one review follows in a namespace. Each one costs a judgement, and a tenant may create
 * many grants while a review waits.
 */
const ADDITIONS = 4

interface FreshVerdicts {
  readonly verdicts: Verdict[]
  /** The references whose namespaces the budget did not cover. */
  readonly unread: Reference[]
}

/**
 * Judges by fresh reads. If a grant is added to the cache before the read of its namespace ends, and the cache now permits
 * every reference to the namespace, this is its verdict: the review does not wait for a read to learn of a known grant.
 */
export async function judgeFresh(
  references: readonly Reference[],
  source: GrantSource,
  signal: AbortSignal,
): Promise<FreshVerdicts | LookupFailed> {
  const byNamespace = Map.groupBy(references, ({ to }) => to.namespace)
  const places = [...byNamespace].slice(0, FRESH_NAMESPACES).map(([namespace, into]) => {
    return { namespace, kinds: [...new Set(into.flatMap(grantKindsFor))] }
  })
  const verdicts = new Verdicts(byNamespace, source)
  const reading = new AbortController()
  const received = (namespace: string, grants: GrantLookup) => verdicts.take(namespace, grants)
  try {
    const answered = verdicts.followCache(places.map(({ namespace }) => namespace))
    const owner = references[0]?.from.namespace ?? ''
    const read = source.fresh(places, owner, received, AbortSignal.any([signal, reading.signal]))
    // No one needs the result of a read that is still in flight.
    if ((await Promise.race([read, answered])) === 'answered') reading.abort()
  } catch (error) {
    if (error instanceof LookupFailed) return error
    throw error
  } finally {
    verdicts.unfollow()
  }
  return {
    verdicts: references.flatMap((reference) => verdicts.of(reference) ?? []),
    unread: references.filter((reference) => !verdicts.of(reference)),
  }
}

/** The verdicts of one review, by namespace: each by a read, or by the cache before. */
class Verdicts {
  readonly #references: ReadonlyMap<string, readonly Reference[]>
  readonly #source: GrantSource
  readonly #verdicts = new Map<Reference, Verdict>()
  /** What stops following the cache, for each namespace without verdicts. */
  readonly #open = new Map<string, () => void>()
  readonly #answered = Promise.withResolvers<'answered'>()
  #byCache = false

  constructor(references: ReadonlyMap<string, readonly Reference[]>, source: GrantSource) {
    this.#references = references
    this.#source = source
  }

  of(reference: Reference): Verdict | undefined {
    return this.#verdicts.get(reference)
  }

  /** Judges the references to a namespace by these grants of a read, unless the cache has permitted them. */
  take(namespace: string, grants: GrantLookup): void {
    if (this.#open.has(namespace)) this.#set(namespace, this.#judge(namespace, grants))
  }

  /** Follows the cache of these namespaces. Resolves if all of them have verdicts, one at least by the cache. */
  followCache(namespaces: readonly string[]): Promise<'answered'> {
    for (const namespace of namespaces) {
      let additions = 0
      const added = () => {
        additions += 1
        const verdicts = this.#judge(namespace, this.#source.cached().grants)
        if (verdicts.every(({ permitted }) => permitted)) {
          this.#byCache = true
          this.#set(namespace, verdicts)
        } else if (additions === ADDITIONS) stop()
      }
      const stop = this.#source.onAdded?.(namespace, added) ?? (() => {})
      this.#open.set(namespace, stop)
    }
    return this.#answered.promise
  }

  unfollow(): void {
    for (const stop of this.#open.values()) stop()
  }

  #judge(namespace: string, grants: GrantLookup): Verdict[] {
    return judge(this.#references.get(namespace) ?? [], grants)
  }

  #set(namespace: string, verdicts: readonly Verdict[]): void {
    for (const verdict of verdicts) this.#verdicts.set(verdict.reference, verdict)
    this.#open.get(namespace)?.()
    this.#open.delete(namespace)
    if (this.#byCache && this.#open.size === 0) this.#answered.resolve('answered')
  }
}

import type { Grant, GrantFrom } from './grant.ts'
import { fromKey, toKey } from './grant-keys.ts'

/** A grant as it is kept: its name, and one key for each entry of its halves. */
export interface Stored {
  readonly name: string
  /** The keys of `from`, then those of `to`, in one list: a list of its own would take 64 bytes more. */
  readonly keys: readonly string[]
  /** How many of the keys are of `from`. */
  readonly accepted: number
  /** The list of everything that had it last, or GONE. */
  list: number
}

/** Grants that accept one referrer. */
interface Accepting {
  readonly key: string
  /** Those that are gone are left in until they are the half. */
  grants: Stored[]
  gone: number
}

/** In place of the list of a grant that is not kept any more. */
const GONE = -1

/** Memory of a grant and of one key, in bytes, beside the characters: measured with Node 24 for a million grants. */
const GRANT_WEIGHT = 100
const KEY_WEIGHT = 32

/** The grants of one namespace, by name and by whom they accept. */
export class NamespaceGrants {
  /** Memory that they take, in bytes, as estimated. */
  weight = 0
  /** The list during or after which a grant was not kept; undefined if all are kept. */
  missedIn: number | undefined
  /** Whether nothing more is kept until the next list. */
  evicted = false
  readonly #byName = new Map<string, Stored>()
  /** By the key of a `from`: one grant, as most have it, or several. */
  readonly #byFrom = new Map<string, Stored | Accepting>()

  get size(): number {
    return this.#byName.size
  }

  /** Every grant that is kept. */
  get all(): Iterable<Stored> {
    return this.#byName.values()
  }

  get(name: string): Stored | undefined {
    return this.#byName.get(name)
  }

  /**
   * A grant as it would be kept; keys of `from` that are here already are shared.
   *
   * @param list the list of everything that has it
   */
  form({ name, from, to }: Grant, list: number): Stored {
    const accepted = [...new Set(from.map(fromKey))].map((key) => {
      const others = this.#byFrom.get(key)
      if (others === undefined) return key
      return 'grants' in others ? others.key : (others.keys.find((same) => same === key) as string)
    })
    return { name, keys: accepted.concat(to.map(toKey)), accepted: accepted.length, list }
  }

  add(stored: Stored): void {
    this.weight += weightOf(stored)
    this.#byName.set(stored.name, stored)
    for (const key of acceptedBy(stored)) {
      const others = this.#byFrom.get(key)
      if (others === undefined) this.#byFrom.set(key, stored)
      else if (!('grants' in others)) this.#byFrom.set(key, { key, grants: [others, stored], gone: 0 })
      else others.grants.push(stored)
    }
  }

  remove(stored: Stored): void {
    this.weight -= weightOf(stored)
    this.#byName.delete(stored.name)
    stored.list = GONE
    for (const key of acceptedBy(stored)) {
      const others = this.#byFrom.get(key)
      if (others === stored) this.#byFrom.delete(key)
      if (others && 'grants' in others) {
        others.gone += 1
        if (others.gone * 2 > others.grants.length) this.#compact(others)
      }
    }
  }

  clear(): void {
    this.weight = 0
    this.#byName.clear()
    this.#byFrom.clear()
  }

  /** The grants that accept a referrer. */
  *accepting(from: GrantFrom): Generator<Stored> {
    const accepting = this.#byFrom.get(fromKey(from))
    if (accepting === undefined) return
    if (!('grants' in accepting)) yield accepting
    else for (const stored of accepting.grants) if (stored.list !== GONE) yield stored
  }

  /** Leaves out the grants that are gone. */
  #compact(accepting: Accepting): void {
    accepting.grants = accepting.grants.filter(({ list }) => list !== GONE)
    accepting.gone = 0
    if (accepting.grants.length === 0) this.#byFrom.delete(accepting.key)
  }
}

/** The keys of whom a grant accepts. */
function* acceptedBy({ keys, accepted }: Stored): Generator<string> {
  for (let at = 0; at < accepted; at += 1) yield keys[at] as string
}

export function weightOf({ name, keys }: Stored): number {
  return keys.reduce((weight, key) => weight + KEY_WEIGHT + key.length, GRANT_WEIGHT + name.length)
}

/** Whether two grants of one name say the same. */
export function sayTheSame(one: Stored, other: Stored): boolean {
  return (
    one.accepted === other.accepted &&
    one.keys.length === other.keys.length &&
    one.keys.every((key, at) => key === other.keys[at])
  )
}

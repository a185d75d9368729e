import type { Grant, GrantFrom } from './grant.ts'
import { fromKey, kindKeys, toKey } from './grant-keys.ts'
import type { ObjectName } from './reference.ts'

/** The target of a reference, without its namespace. */
export type Target = Pick<ObjectName, 'group' | 'kind' | 'name'>

/** A grant as the index stores it: its name, and one key for each entry. */
export interface Stored {
  name: string
  /** The keys of `from`, then those of `to`, in one list: a second list would take 64 bytes more. */
  keys: readonly string[]
  /** How many of the keys belong to `from`. */
  readonly accepted: number
  /** The number of the last list that had the grant, or GONE. */
  list: number
}

/** Grants that accept one referrer. */
interface Accepting {
  readonly key: string
  /** Includes deleted grants until these are more than half. */
  grants: Stored[]
  gone: number
}

/** The most entries of `from` that are searched for an equal key: as many as a ReferenceGrant may have. */
const MOST_COMPARED = 16

/** Replaces the list number of a deleted grant. */
const GONE = -1

/** The memory of a grant and of one key, in bytes, without their characters: measured with Node 24 for a million grants. */
const GRANT_WEIGHT = 100
const KEY_WEIGHT = 32

/**
 * The memory of a place in the map of referrers, and of a list of grants that accept one, in bytes: measured with Node 24.
 * The key of the grants in a list is kept once, so the weight of the others pays for their places in the list.
 */
const REFERRER_WEIGHT = 40
const ACCEPTING_WEIGHT = 100

/** The memory of a namespace with its maps, in bytes: measured with Node 24, with one grant in each of 200,000 namespaces. */
const NAMESPACE_WEIGHT = 450

/** The length up to which a list grows by one place at a time. V8 would give it 17 places more than it needs. */
const SHORT_LIST = 16

/** The grants of one namespace. */
export class NamespaceGrants {
  readonly #byName = new Map<string, Stored>()
  /** By the key of a `from` entry: one grant, as for most keys, or several. */
  readonly #byFrom = new Map<string, Stored | Accepting>()
  #weight = NAMESPACE_WEIGHT

  get size(): number {
    return this.#byName.size
  }

  /** The estimated memory of these grants, in bytes. */
  get weight(): number {
    return this.#weight
  }

  get(name: string): Stored | undefined {
    return this.#byName.get(name)
  }

  [Symbol.iterator](): Iterator<Stored> {
    return this.#byName.values()
  }

  /** Returns a grant in its stored form. Shares the keys of `from` with grants that have them already. */
  compacted({ name, from, to }: Grant, list: number): Stored {
    const accepted = [...new Set(from.map(fromKey))].map((key) => {
      const others = this.#byFrom.get(key)
      if (others === undefined) return key
      if ('grants' in others) return others.key
      // A search among many keys would cost more than it saves.
      return others.accepted > MOST_COMPARED ? key : (others.keys.find((same) => same === key) as string)
    })
    return { name, keys: accepted.concat(to.map(toKey)), accepted: accepted.length, list }
  }

  add(stored: Stored): void {
    this.#byName.set(stored.name, stored)
    for (const key of acceptedBy(stored)) {
      const others = this.#byFrom.get(key)
      if (others === undefined) this.#set(key, stored, REFERRER_WEIGHT)
      else if (!('grants' in others)) this.#set(key, { key, grants: [others, stored], gone: 0 }, ACCEPTING_WEIGHT)
      else if (others.grants.length < SHORT_LIST) others.grants = others.grants.concat(stored)
      else others.grants.push(stored)
    }
    this.#weight += weightOf(stored)
  }

  remove(stored: Stored): void {
    this.#byName.delete(stored.name)
    this.#weight -= weightOf(stored)
    stored.list = GONE
    for (const key of acceptedBy(stored)) {
      const others = this.#byFrom.get(key)
      if (others === stored) this.#delete(key, REFERRER_WEIGHT)
      if (others && 'grants' in others) this.#countGone(others)
    }
    // A list may keep the grant for a while, but not its texts.
    stored.name = ''
    stored.keys = []
  }

  /** Returns, for each target in order, a grant that permits it, or undefined if no grant does. */
  permitting(from: GrantFrom, targets: readonly Target[]): readonly (Stored | undefined)[] {
    const accepting = this.#byFrom.get(fromKey(from))
    if (accepting === undefined) return targets.map(() => undefined)
    const exposed = new Exposed(targets)
    for (const stored of 'grants' in accepting ? accepting.grants : [accepting])
      if (stored.list !== GONE) exposed.take(stored)
    return exposed.byTarget()
  }

  #set(key: string, accepting: Stored | Accepting, weight: number): void {
    this.#byFrom.set(key, accepting)
    this.#weight += weight
  }

  #delete(key: string, weight: number): void {
    this.#byFrom.delete(key)
    this.#weight -= weight
  }

  /** Counts a deleted grant. */
  #countGone(accepting: Accepting): void {
    accepting.gone += 1
    if (accepting.gone * 2 <= accepting.grants.length) return
    // The copy has no free places.
    accepting.grants = accepting.grants.filter(({ list }) => list !== GONE).slice()
    accepting.gone = 0
    if (accepting.grants.length === 0) this.#delete(accepting.key, REFERRER_WEIGHT + ACCEPTING_WEIGHT)
  }
}

/** Which of the targets of one referrer grants expose. */
class Exposed {
  readonly #targets: readonly Target[]
  readonly #kinds: readonly string[]
  /** Made when an entry is met that exposes another kind, or one object: most expose every object of a kind. */
  #names: readonly string[] | undefined
  readonly #byKey = new Map<string, Stored | undefined>()

  constructor(targets: readonly Target[]) {
    this.#targets = targets
    this.#kinds = kindKeys(targets)
    for (const key of this.#kinds) this.#byKey.set(key, undefined)
  }

  take(stored: Stored): void {
    for (let at = stored.accepted; at < stored.keys.length; at += 1) {
      const key = stored.keys[at] as string
      if (!this.#names && !this.#byKey.has(key)) this.#askByName()
      if (this.#byKey.has(key)) this.#byKey.set(key, stored)
    }
  }

  #askByName(): void {
    this.#names = this.#targets.map(({ name }, at) => `${this.#kinds[at]}/${name}`)
    for (const key of this.#names) this.#byKey.set(key, undefined)
  }

  /** Returns, for each target in order, a grant that exposes it, if possible by its name. */
  byTarget(): (Stored | undefined)[] {
    return this.#kinds.map((kind, at) => this.#byKey.get(this.#names?.[at] ?? kind) ?? this.#byKey.get(kind))
  }
}

/** Returns the estimated memory of a grant, in bytes. */
export function weightOf({ name, keys }: Stored): number {
  return keys.reduce((weight, key) => weight + KEY_WEIGHT + sizeOf(key), GRANT_WEIGHT + sizeOf(name))
}

/** A character beyond Latin-1: V8 keeps a string with such a character at two bytes per character. */
const WIDE = /[^\0-\xff]/

function sizeOf(text: string): number {
  return WIDE.test(text) ? 2 * text.length : text.length
}

/** Whether two grants have the same entries. */
export function isSame(one: Stored, other: Stored): boolean {
  if (one.accepted !== other.accepted || one.keys.length !== other.keys.length) return false
  return one.keys.every((key, at) => key === other.keys[at])
}

function* acceptedBy({ keys, accepted }: Stored): Generator<string> {
  for (let at = 0; at < accepted; at += 1) yield keys[at] as string
}

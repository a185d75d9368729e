import { setTimeout as wait } from 'node:timers/promises'
import { until } from '../until.ts'
import type { Ending, History, Verdict } from './history.ts'

/** What reviews ask about, and grants permit. */
export interface Reference {
  /** Namespace of the object that refers. */
  readonly from: string
  /** Namespace of the target. */
  readonly to: string
  /** Name of the target. */
  readonly target: string
}

/** How the churn writes and asks; each throws if it is not known what became of it. */
export interface Hands {
  create(reference: Reference, name: string): Promise<unknown>
  /** A grant that is not there is no error. */
  delete(reference: Reference, name: string): Promise<unknown>
  ask(reference: Reference): Promise<{ verdict: Verdict; said?: string }>
}

/**
 * Pauses, in ms, that make the rates: a write each 50 ms makes 1,000 grants come and go within two minutes. Refusals
 * must stay within the budget of fresh reads, 5 a second for a namespace and 50 for all: four who ask, each every 120 ms,
 * ask 33 times a second, and half of the references have a grant.
 */
const PAUSE = { write: 50, ask: 120 }
const ASKERS = 4

/** References, each between namespaces of its own, whose grants come and go in turn. */
const CHANGING = references('changing', 16)

/** References whose grants are there from the start and are revoked once: what is permitted long after that is stale. */
const REVOKED = references('revoked', 4)

/** A reference that never has a grant. */
const NEVER = references('never', 1)

const ALL = [...CHANGING, ...REVOKED, ...NEVER]

function references(name: string, count: number): readonly Reference[] {
  return Array.from({ length: count }, (_, index) => ({
    from: `shop-${name}-${index}`,
    to: `billing-${name}-${index}`,
    target: 'payments',
  }))
}

/** References of one namespace, as of a large apply. */
const MANY = CHANGING.flatMap(({ to }) =>
  Array.from({ length: 4 }, (_, index) => ({ from: 'shop-many', to, target: `payments-${index}` })),
)

/** The namespaces that all this takes place in. */
export const CHURNED = [...ALL, ...MANY.slice(0, 1)].flatMap(({ from, to }) => [from, to])

/** A grant that is there perhaps. */
interface Grant {
  readonly name: string
  /** Whether it is known to have been there. */
  readonly made: boolean
  readonly end: Ending
}

/** Grants that come and go while reviews are asked for, all of it on record. */
export class Churn {
  readonly #history: History
  readonly #hands: Hands
  readonly #living = new Map<Reference, Grant>()
  #stopping = false
  #loops: Promise<unknown>[] = []
  #made = 0
  /** The step of the writer that is on its way. */
  #writing: Promise<unknown> = Promise.resolve()
  /** Grants that were made and are gone again. */
  gone = 0

  constructor(history: History, hands: Hands) {
    this.#history = history
    this.#hands = hands
  }

  /** Begins. */
  async start(): Promise<void> {
    for (const reference of REVOKED) await this.#make(reference)
    this.#loops = [this.#write(), ...Array.from({ length: ASKERS }, (_, index) => this.#askAll(index))]
  }

  /** Removes the grants that exist from the start, and does not create them again. */
  async revoke(): Promise<void> {
    while (!(await this.#removeEach(REVOKED)));
  }

  /** Lets one namespace have many grants and ask about all at once, as a large apply does. */
  async applyMany(): Promise<void> {
    await Promise.all(MANY.map((reference) => this.#make(reference)))
    await Promise.all(MANY.map((reference) => this.#ask(reference)))
  }

  /** Reviews that have ended. */
  get asked(): number {
    const { permitted, denied, unjudged } = this.#history.ended
    return permitted + denied + unjudged
  }

  /** Asks about so many references at once: more connections are needed then than are kept. */
  async askAtOnce(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, turn) => this.#ask(ALL[turn % ALL.length] as Reference)))
  }

  /** Does what takes all grants away at once; what the writer does next comes after it. */
  async takeAll(take: () => Promise<unknown>): Promise<void> {
    const taken = this.#writing.then(async () => {
      const all = [...this.#living.values()]
      this.#living.clear()
      const request = take()
      await Promise.all(all.map(({ end }) => end(() => request)))
      await request
    })
    this.#writing = taken
    await taken
  }

  /** Ends, and removes the grants that are left; the history may be tallied then. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#loops)
    await until('the grants of the churn are gone', () => this.#removeEach([...ALL, ...MANY]))
  }

  /** Each reference in turn loses its grant, or gets one and is asked about at once, as in one apply. */
  async #write(): Promise<void> {
    for (let turn = 0; !this.#stopping; turn += 1) {
      const reference = CHANGING[turn % CHANGING.length] as Reference
      this.#writing = this.#writing.then(() => this.#change(reference))
      await this.#writing
      await wait(PAUSE.write)
    }
  }

  async #change(reference: Reference): Promise<void> {
    await (this.#living.has(reference) ? this.#remove(reference) : this.#apply(reference))
  }

  async #apply(reference: Reference): Promise<void> {
    await this.#make(reference)
    await this.#ask(reference)
  }

  async #askAll(index: number): Promise<void> {
    // Each begins elsewhere, so that they seldom ask about one reference at once.
    for (let turn = index * CHANGING.length; !this.#stopping; turn += 1) {
      await this.#ask(ALL[turn % ALL.length] as Reference)
      await wait(PAUSE.ask)
    }
  }

  async #ask(reference: Reference): Promise<void> {
    await this.#history.review(keyOf(reference), () => this.#hands.ask(reference))
  }

  async #make(reference: Reference): Promise<void> {
    const name = `grant-${this.#made++}`
    let made = false
    const end = await this.#history.create(keyOf(reference), async () => {
      await this.#hands.create(reference, name)
      made = true
    })
    this.#living.set(reference, { name, made, end })
  }

  /** Tries to remove the grants of these references; tells whether all are gone. */
  async #removeEach(references: readonly Reference[]): Promise<boolean> {
    const left = () => references.filter((reference) => this.#living.has(reference))
    for (const reference of left()) await this.#remove(reference)
    return left().length === 0
  }

  /** Tries to; a grant whose deletion failed is still among the living. */
  async #remove(reference: Reference): Promise<void> {
    const { name, made, end } = this.#living.get(reference) as Grant
    try {
      await end(() => this.#hands.delete(reference, name))
      this.#living.delete(reference)
      if (made) this.gone += 1
    } catch {
      await wait(PAUSE.write)
    }
  }
}

function keyOf({ from, to, target }: Reference): string {
  return `${from} -> ${to}/${target}`
}

/** The most names that are kept, about 100 bytes each. Beyond this limit, every namespace counts as incomplete. */
const MOST_NAMES = 10_000

interface Miss {
  /** The number of the list during or after which a grant was skipped. */
  readonly list: number
  /** Whether the grants of the namespace were evicted, and none is kept until the next list. */
  readonly evicted: boolean
}

/** The incomplete namespaces: those in which at least one grant was skipped or evicted. */
export class Missing implements Iterable<string> {
  readonly #names = new Map<string, Miss>()
  /** The number of the list during or after which there were too many names to keep. */
  #allIn: number | undefined

  /** How many namespaces are incomplete; MOST_NAMES if all of them count as incomplete. */
  get size(): number {
    return this.#allIn === undefined ? this.#names.size : MOST_NAMES
  }

  has(namespace: string): boolean {
    return this.#allIn !== undefined || this.#names.has(namespace)
  }

  isEvicted(namespace: string): boolean {
    return this.#names.get(namespace)?.evicted === true
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names.keys()
  }

  add(namespace: string, list: number, evicted = this.isEvicted(namespace)): void {
    if (this.#allIn !== undefined) {
      this.#allIn = list
      return
    }
    this.#names.set(namespace, { list, evicted })
    if (this.#names.size <= MOST_NAMES) return
    this.#names.clear()
    this.#allIn = list
  }

  /** Begins another list, which may have room for the evicted namespaces. */
  beginList(): void {
    for (const [name, { list }] of this.#names) this.#names.set(name, { list, evicted: false })
  }

  /** Ends a list: removes the namespaces of which it had every grant. */
  endList(list: number): void {
    for (const [name, miss] of this.#names) if (miss.list !== list) this.#names.delete(name)
    if (this.#allIn !== list) this.#allIn = undefined
  }
}

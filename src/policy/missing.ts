/** Names that are kept, some 100 bytes each. Beyond them, something may be missing of every namespace. */
const MOST_NAMES = 10_000

interface Miss {
  /** The list during or after which something was missed. */
  readonly list: number
  /** Whether nothing more is kept of the namespace until the next list. */
  readonly evicted: boolean
}

/** The namespaces of which not all grants are kept. */
export class Missing implements Iterable<string> {
  readonly #names = new Map<string, Miss>()
  /** The list during or after which there were too many names to keep. */
  #allIn: number | undefined

  /** How many there are; where all may be, as many as were kept before. */
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

  /** Another list begins, which may have room for those that were evicted. */
  beginList(): void {
    for (const [name, { list }] of this.#names) this.#names.set(name, { list, evicted: false })
  }

  /** Forgets what was missed before this list, which is complete now. */
  endList(list: number): void {
    for (const [name, miss] of this.#names) if (miss.list !== list) this.#names.delete(name)
    if (this.#allIn !== list) this.#allIn = undefined
  }
}

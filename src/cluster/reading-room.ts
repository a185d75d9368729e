import { GrantIndex, type IndexLimits } from '../policy/grant-index.ts'

/**
 * Bounds the memory of fresh reads in flight. When they exceed the bound together, the largest gives up what it holds,
 * and its result is incomplete.
 */
export class ReadingRoom {
  readonly #bytes: number
  readonly #reading = new Set<GrantIndex>()

  /** @param bytes the bound for all reads together, in bytes of estimated memory */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** Returns an index for a read that begins. It counts until `close`. */
  open(resource: string | undefined, limits: IndexLimits): GrantIndex {
    const index = new ReadIndex(resource, limits, () => this.#settle())
    this.#reading.add(index)
    return index
  }

  close(index: GrantIndex): void {
    this.#reading.delete(index)
  }

  #settle(): void {
    let all = 0
    let largest: GrantIndex | undefined
    for (const index of this.#reading) {
      all += index.weight
      if (index.weight > (largest?.weight ?? 0)) largest = index
    }
    if (all > this.#bytes) largest?.evictAll()
  }
}

/** An index that reports each grant it is given. */
class ReadIndex extends GrantIndex {
  readonly #settle: () => void

  constructor(resource: string | undefined, limits: IndexLimits, settle: () => void) {
    super(resource, limits)
    this.#settle = settle
  }

  override set(...grant: Parameters<GrantIndex['set']>): boolean {
    const isKept = super.set(...grant)
    this.#settle()
    return isKept
  }
}

import { GrantIndex, type IndexLimits } from '../policy/grant-index.ts'

/**
 * The memory of fresh reads that are on their way. Where they take more together than they may, the largest is given up:
 * what it reads is incomplete then.
 */
export class ReadingRoom {
  readonly #bytes: number
  readonly #reading = new Set<GrantIndex>()

  /** @param bytes what all may take together, in bytes of memory as they are estimated */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** An index for a read that begins; it takes room until `close`. */
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

/** Tells of each grant that was taken. */
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

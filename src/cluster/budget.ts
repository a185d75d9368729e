/** Tokens that a bucket holds at most, and that come back each second. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** Buckets kept before full ones, which are as good as none, are dropped. */
const KEPT = 1_024

/** Takes what a read has cost beyond the token that it began with. */
export type Charge = (tokens: number) => void

/**
 * Allows each key its own share, whatever others take. Beyond it, a key takes from a reserve that all keys have together.
 */
export class Budget {
  readonly #each: Rate
  readonly #reserve: Bucket
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number

  /** @param now a monotonic clock, in ms */
  constructor(each: Rate, reserve: Rate, now: () => number) {
    this.#each = each
    this.#reserve = new Bucket(reserve, now)
    this.#now = now
  }

  /** Takes one token for `key`; undefined, and nothing taken, if neither its share nor the reserve has one. */
  take(key: string): Charge | undefined {
    const own = this.#buckets.get(key) ?? new Bucket(this.#each, this.#now)
    const bucket = [own, this.#reserve].find((one) => one.level() >= 1)
    bucket?.take(1)
    if (bucket === own) this.#keep(key, own)
    return bucket && ((tokens) => bucket.take(tokens))
  }

  #keep(key: string, bucket: Bucket): void {
    this.#buckets.set(key, bucket)
    if (this.#buckets.size <= KEPT) return
    for (const [key, bucket] of this.#buckets) if (bucket.level() >= this.#each.burst) this.#buckets.delete(key)
  }
}

class Bucket {
  readonly #rate: Rate
  readonly #now: () => number
  #tokens: number
  #at: number

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate
    this.#now = now
    this.#tokens = rate.burst
    this.#at = now()
  }

  level(): number {
    const now = this.#now()
    const regained = ((now - this.#at) / 1_000) * this.#rate.perSecond
    this.#tokens = Math.min(this.#tokens + regained, this.#rate.burst)
    this.#at = now
    return this.#tokens
  }

  /** Takes tokens, if need be on credit: as many as the bucket holds when it is full. */
  take(tokens: number): void {
    this.#tokens = Math.max(this.level() - tokens, -this.#rate.burst)
  }
}

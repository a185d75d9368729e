/** How many tokens a bucket holds at most, and how many it regains each second. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/**
 * Number of buckets above which full ones are dropped: a new bucket is full, too. Before the next look at all of them,
 * their number doubles.
 */
const KEPT = 1_024

/** Charges the cost of a read beyond its first token. */
export type Charge = (tokens: number) => void

/**
 * Token buckets: one for each key, which other keys cannot use up. When the bucket of a key is empty, the key takes
 * from a reserve that all keys share.
 */
export class Budget {
  readonly #each: Rate
  readonly #reserve: Bucket
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number
  #dropAt = KEPT

  /** @param now a monotonic clock, in ms */
  constructor(each: Rate, reserve: Rate, now: () => number) {
    this.#each = each
    this.#reserve = new Bucket(reserve, now)
    this.#now = now
  }

  /** Takes one token for `key`. Returns undefined if both the bucket of the key and the reserve are empty. */
  take(key: string): Charge | undefined {
    const own = this.#buckets.get(key) ?? new Bucket(this.#each, this.#now)
    const bucket = [own, this.#reserve].find((one) => one.level() >= 1)
    bucket?.take(1)
    if (bucket === own) this.#keep(key, own)
    return bucket && ((tokens) => bucket.take(tokens))
  }

  #keep(key: string, bucket: Bucket): void {
    this.#buckets.set(key, bucket)
    if (this.#buckets.size <= this.#dropAt) return
    for (const [key, bucket] of this.#buckets) if (bucket.level() >= this.#each.burst) this.#buckets.delete(key)
    this.#dropAt = Math.max(KEPT, 2 * this.#buckets.size)
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

  /** Takes tokens. The level may become negative, down to minus one burst. */
  take(tokens: number): void {
    this.#tokens = Math.max(this.level() - tokens, -this.#rate.burst)
  }
}

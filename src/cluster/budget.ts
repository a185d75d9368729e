/** Tokens that a bucket holds at most, and that come back each second. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** Buckets kept before full ones, which are as good as none, are dropped. */
const KEPT = 1_024

/** Allows each key its own rate, and all together another one. */
export class Budget {
  readonly #each: Rate
  readonly #all: Bucket
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number

  /** @param now a monotonic clock, in ms */
  constructor(each: Rate, all: Rate, now: () => number) {
    this.#each = each
    this.#all = new Bucket(all, now)
    this.#now = now
  }

  /** Takes one token for `key`; false, and nothing taken, if the key or all keys together have none left. */
  take(key: string): boolean {
    const bucket = this.#buckets.get(key) ?? new Bucket(this.#each, this.#now)
    if (bucket.level() < 1 || this.#all.level() < 1) return false
    bucket.take()
    this.#all.take()
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > KEPT) this.#prune()
    return true
  }

  #prune(): void {
    for (const [key, bucket] of this.#buckets) if (bucket.level() === this.#each.burst) this.#buckets.delete(key)
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

  take(): void {
    this.#tokens -= 1
  }
}

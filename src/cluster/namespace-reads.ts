import type { GrantIndex } from '../policy/grant-index.ts'
import type { FairQueue, Job } from './fair-queue.ts'

/** Age of a read, in ms, beyond which nobody waits for it to end: the next one begins beside it. */
const SLOW = 1_000

/** Reads of one namespace on their way at once: one, and one beside it that is slow. */
const MOST = 2

/** What a read has made: the grants of its namespace, from so many bytes. */
export interface Made {
  readonly grants: GrantIndex
  readonly bytes: number
}

/**
 * Reads a namespace.
 *
 * @param own whether on a connection of its own, since that of the last read may hang
 */
export type Read = (signal: AbortSignal, own: boolean) => Promise<Made>

/**
 * The reads of one namespace. Readers share what one read has made, if it begins after they came: those who come while a
 * read is on its way share the next one. A read also answers those who wait for an older one.
 */
export class NamespaceReads {
  readonly #read: Read
  readonly #queue: FairQueue
  readonly #now: () => number
  readonly #ended: (reads: NamespaceReads) => void
  /** The oldest first. */
  readonly #running: SharedRead[] = []
  #next: SharedRead | undefined
  #timer: NodeJS.Timeout | undefined

  /**
   * @param now a monotonic clock, in ms
   * @param ended called some time after a read has ended, or was not begun since nobody waited for it any more
   */
  constructor(read: Read, queue: FairQueue, now: () => number, ended: (reads: NamespaceReads) => void) {
    this.#read = read
    this.#queue = queue
    this.#now = now
    this.#ended = ended
  }

  /** Whether a read waits to begin, which a reader who comes now shares. */
  get waiting(): boolean {
    return this.#next !== undefined
  }

  get idle(): boolean {
    return this.#next === undefined && this.#running.length === 0
  }

  /**
   * What a read that begins after this call has made.
   *
   * @param signal ends the wait; a read that nobody waits for any more does not begin
   */
  join(owner: string, signal?: AbortSignal): Promise<Made> {
    this.#next ??= new SharedRead((read) => this.#run(read))
    const read = this.#next
    read.awaitedUntil(signal, () => this.#drop(read))
    const isNew = !read.owners.has(owner)
    read.owners.add(owner)
    if (!read.queued) this.#advance()
    else if (isNew) this.#queue.add(owner, read)
    return read.result
  }

  /** Nobody waits for it any more, and it has not begun. */
  #drop(read: SharedRead): void {
    if (this.#next !== read) return
    read.begun = true
    this.#next = undefined
    setImmediate(() => this.#ended(this))
  }

  /** Queues the next read, if no other is on its way that may end soon. */
  #advance(): void {
    const [youngest] = this.#running.slice(-1)
    const left = youngest ? youngest.begunAt + SLOW - this.#now() : 0
    clearTimeout(this.#timer)
    if (left > 0) {
      this.#timer = setTimeout(() => this.#hedge(), left)
      return
    }
    const next = this.#next
    if (!next || next.queued) return
    next.queued = true
    for (const owner of next.owners) this.#queue.add(owner, next)
  }

  /** A read has become slow: another begins for those who wait for it, or for those who came since. */
  #hedge(): void {
    if (this.#running.length === 1 && !this.#next) {
      this.#next = new SharedRead((read) => this.#run(read))
      for (const owner of this.#running[0]?.owners ?? []) this.#next.owners.add(owner)
      // Readers of the slow read wait for it, even if every later reader leaves.
      this.#next.awaitedUntil(undefined, () => {})
    }
    this.#advance()
  }

  async #run(read: SharedRead): Promise<void> {
    this.#next = undefined
    read.begunAt = this.#now()
    const own = this.#running.length > 0
    // The oldest may be about to end, so the one that gives way is the other.
    const [replaced] = this.#running.length === MOST ? this.#running.splice(-1) : []
    this.#running.push(read)
    replaced?.replace(read)
    this.#advance()
    try {
      this.#succeed(read, await this.#read(read.signal, own))
    } catch (error) {
      this.#fail(read, error)
    }
    // In a turn of its own, so that those whom this answer brings back share the next read.
    setImmediate(() => {
      this.#advance()
      this.#ended(this)
    })
  }

  /** It began after those came who wait for an older one, so it answers them too. */
  #succeed(read: SharedRead, made: Made): void {
    const at = this.#running.indexOf(read)
    for (const older of this.#running.splice(0, at + 1)) if (older !== read) older.replace(read)
    read.resolve(made)
  }

  #fail(read: SharedRead, error: unknown): void {
    const at = this.#running.indexOf(read)
    // It was given up for another one.
    if (at < 0) return
    this.#running.splice(at, 1)
    const younger = this.#running[at]
    if (younger) read.replace(younger)
    else read.reject(error)
  }
}

/** One read, and what it has made for all who share it. */
class SharedRead implements Job {
  readonly owners = new Set<string>()
  readonly result: Promise<Made>
  readonly resolve: (made: Made | Promise<Made>) => void
  readonly reject: (error: unknown) => void
  readonly #run: (read: SharedRead) => Promise<void>
  readonly #stop = new AbortController()
  /** Those who wait for it to begin, by what ends their wait. */
  readonly #waiting = new Set<{ readonly signal: AbortSignal | undefined; readonly leave: () => void }>()
  queued = false
  begun = false
  begunAt = Infinity

  constructor(run: (read: SharedRead) => Promise<void>) {
    this.#run = run
    const { promise, resolve, reject } = Promise.withResolvers<Made>()
    this.result = promise
    this.resolve = resolve
    this.reject = reject
    // Whoever waits for it hears of a failure; perhaps nobody does any more.
    promise.catch(() => {})
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /**
   * Somebody waits for it until the signal. When nobody does any more before it begins, `left` is called. Once it has
   * begun nothing of that stays with the signal, which may outlive it and would keep what it has made.
   */
  awaitedUntil(signal: AbortSignal | undefined, left: () => void): void {
    const waiter = {
      signal,
      leave: () => {
        this.#waiting.delete(waiter)
        if (this.#waiting.size === 0) left()
      },
    }
    this.#waiting.add(waiter)
    signal?.addEventListener('abort', waiter.leave, { once: true })
  }

  begin(): Promise<void> {
    this.begun = true
    for (const { signal, leave } of this.#waiting) signal?.removeEventListener('abort', leave)
    this.#waiting.clear()
    return this.#run(this)
  }

  /** Gives this read up; who waits for it gets what another one makes. */
  replace(other: SharedRead): void {
    this.resolve(other.result)
    this.#stop.abort()
  }
}

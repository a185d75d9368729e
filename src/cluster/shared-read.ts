import type { GrantIndex } from '../policy/grant-index.ts'
import type { FairQueue, Job } from './fair-queue.ts'

/** The result of a read: the grants of its namespace, and the length of the answers, in bytes. */
export interface ReadResult {
  readonly grants: GrantIndex
  readonly bytes: number
}

interface Runs {
  readonly run: (read: SharedRead) => Promise<void>
  readonly giveUp: (read: SharedRead) => void
  /** Called when the last reader has left. */
  readonly abandon: (read: SharedRead) => void
}

interface Reader {
  readonly signal: AbortSignal | undefined
  readonly leave: () => void
}

/** One read, and the result that its readers share. */
export class SharedRead implements Job {
  readonly #owners = new Set<string>()
  readonly result: Promise<ReadResult>
  readonly #resolve: (result: ReadResult | Promise<ReadResult>) => void
  readonly #reject: (error: unknown) => void
  readonly #runs: Runs
  readonly #stop = new AbortController()
  /** Those that have not left, until the read has ended. */
  readonly #readers = new Set<Reader>()
  /** Where it waits for its turn. */
  #queue: FairQueue | undefined
  begunAt = Infinity

  constructor(runs: Runs) {
    this.#runs = runs
    const { promise, resolve, reject } = Promise.withResolvers<ReadResult>()
    this.result = promise
    this.#resolve = resolve
    this.#reject = reject
    // A read may fail after its last reader has left.
    promise.catch(() => {})
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  get queue(): FairQueue | undefined {
    return this.#queue
  }

  /** Whether a reader waits for the result. */
  get wanted(): boolean {
    return this.#readers.size > 0
  }

  addOwner(owner: string): void {
    if (this.#owners.has(owner)) return
    this.#owners.add(owner)
    this.#queue?.add([owner], this)
  }

  /** Adds a reader that waits until the signal. */
  addReader(signal: AbortSignal | undefined): void {
    const reader = {
      signal,
      leave: () => {
        this.#readers.delete(reader)
        if (!this.wanted) this.#runs.abandon(this)
      },
    }
    this.#readers.add(reader)
    signal?.addEventListener('abort', reader.leave, { once: true })
  }

  /** Adds the readers of another read, with their owners. */
  addReadersOf(other: SharedRead): void {
    for (const { signal } of other.#readers) this.addReader(signal)
    for (const owner of other.#owners) this.addOwner(owner)
  }

  /** Waits for its turn, which may begin at once. */
  enter(queue: FairQueue): void {
    this.#queue = queue
    queue.add(this.#owners, this)
  }

  begin(): Promise<void> {
    this.#queue = undefined
    return this.#runs.run(this)
  }

  giveUp(): void {
    this.#runs.giveUp(this)
  }

  resolve(result: ReadResult): void {
    this.#resolve(result)
    this.#forgetReaders()
  }

  /** Aborts this read, unless it has ended. Its readers get the failure. */
  reject(error: unknown): void {
    this.#reject(error)
    this.#end()
  }

  /** Aborts this read. Its readers get the result of the other one. */
  replace(other: SharedRead): void {
    other.addReadersOf(this)
    this.#resolve(other.result)
    this.#end()
  }

  #end(): void {
    this.#forgetReaders()
    this.#stop.abort()
  }

  /** A signal that lives longer than the read would keep the result in memory. */
  #forgetReaders(): void {
    for (const { signal, leave } of this.#readers) signal?.removeEventListener('abort', leave)
    this.#readers.clear()
  }
}

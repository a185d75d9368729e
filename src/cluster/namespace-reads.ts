import type { FairQueue } from './fair-queue.ts'
import { type ReadResult, SharedRead } from './shared-read.ts'

/** Age beyond which a read is slow, in ms: the next one begins beside it. */
const SLOW = 1_000

/** Reads of one namespace in flight at once: a slow one, and one beside it. */
const MOST = 2

/**
 * Reads a namespace.
 *
 * @param own whether to open a new connection, since that of the last read may hang
 * @throws Outgrown
 */
export type Read = (signal: AbortSignal, own: boolean) => Promise<ReadResult>

/** A read is too large for the queue that it waited in: it has to wait again. */
export class Outgrown extends Error {}

/**
 * The reads of one namespace. A reader gets the result of a read that began after the reader came, and shares it:
 * readers that come while a read is in flight share the next one. A read also answers the readers of an older read.
 */
export class NamespaceReads {
  readonly #read: Read
  readonly #queue: () => FairQueue
  readonly #now: () => number
  readonly #ended: (reads: NamespaceReads) => void
  /** The oldest first. */
  readonly #running: SharedRead[] = []
  #next: SharedRead | undefined
  #timer: NodeJS.Timeout | undefined

  /**
   * @param queue returns where a read waits that is queued now
   * @param now a monotonic clock, in ms
   * @param ended called some time after a read has ended, or after it was dropped because all its readers left
   */
  constructor(read: Read, queue: () => FairQueue, now: () => number, ended: (reads: NamespaceReads) => void) {
    this.#read = read
    this.#queue = queue
    this.#now = now
    this.#ended = ended
  }

  /** Whether a read waits to begin: a reader that comes now shares it. */
  get waiting(): boolean {
    return this.#next !== undefined
  }

  get idle(): boolean {
    return this.#next === undefined && this.#running.length === 0
  }

  /**
   * Returns the result of a read that begins after this call.
   *
   * @param signal ends the wait; a read whose readers have all left does not begin
   */
  join(owner: string, signal?: AbortSignal): Promise<ReadResult> {
    this.#next ??= this.#newRead()
    const read = this.#next
    read.addReader(signal)
    read.addOwner(owner)
    if (!read.queue) this.#advance()
    return read.result
  }

  /** Drops a read whose readers have all left, if it has not begun. */
  #drop(read: SharedRead): void {
    if (this.#next !== read) return
    read.queue?.remove(read)
    this.#next = undefined
    setImmediate(() => this.#ended(this))
  }

  /** Queues the next read, unless a read that is not slow yet is in flight. */
  #advance(): void {
    const [youngest] = this.#running.slice(-1)
    const left = youngest ? youngest.begunAt + SLOW - this.#now() : 0
    clearTimeout(this.#timer)
    if (left > 0) {
      this.#timer = setTimeout(() => this.#hedge(), left)
      return
    }
    if (!this.#next?.queue) this.#next?.enter(this.#queue())
  }

  /** The only read has become slow: queues another for its readers, unless a next one waits already. */
  #hedge(): void {
    const [slow] = this.#running
    if (slow?.wanted && this.#running.length === 1 && !this.#next) this.#nextFor(slow)
    this.#advance()
  }

  /** Returns the next read, which answers the readers of this one, too. */
  #nextFor(read: SharedRead): SharedRead {
    this.#next ??= this.#newRead()
    this.#next.addReadersOf(read)
    return this.#next
  }

  #newRead(): SharedRead {
    return new SharedRead({
      run: (read) => this.#run(read),
      giveUp: (read) => this.#fail(read, new DOMException('other reads need its place', 'TimeoutError')),
      abandon: (read) => this.#drop(read),
    })
  }

  async #run(read: SharedRead): Promise<void> {
    this.#next = undefined
    read.begunAt = this.#now()
    const own = this.#running.length > 0
    // The oldest may be about to end, so the new read replaces the other one.
    const [replaced] = this.#running.length === MOST ? this.#running.splice(-1) : []
    this.#running.push(read)
    replaced?.replace(read)
    this.#advance()
    try {
      this.#succeed(read, await this.#read(read.signal, own))
    } catch (error) {
      this.#fail(read, error)
    }
    // In a later turn, so that readers that this result makes read again share the next read.
    setImmediate(() => {
      this.#advance()
      this.#ended(this)
    })
  }

  /** A read began after the readers of older reads came, so it answers them too. */
  #succeed(read: SharedRead, result: ReadResult): void {
    const at = this.#running.indexOf(read)
    for (const older of this.#running.splice(0, at + 1)) if (older !== read) older.replace(read)
    read.resolve(result)
  }

  #fail(read: SharedRead, error: unknown): void {
    const at = this.#running.indexOf(read)
    // Another read has replaced it.
    if (at < 0) return
    this.#running.splice(at, 1)
    const younger = this.#running[at]
    if (younger) read.replace(younger)
    else if (error instanceof Outgrown && read.wanted) read.replace(this.#nextFor(read))
    else read.reject(error)
  }
}

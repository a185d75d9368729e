import { free } from '../json/piece.ts'
import { unlessAborted } from '../system/unless-aborted.ts'

/**
 * Bytes to process before the event loop has its turn. The densest JSON parses at 80 MB/s (measured), so that is below
 * 1 ms, and below 10 ms on a slow and busy machine.
 */
const TURN = 64 * 1024

/** A piece that waits for its turn. */
interface Waiting {
  readonly bytes: number
  readonly signal: AbortSignal
  readonly resolve: () => void
}

/**
 * Lets the event loop have its turn after each 64 KiB of all streams together, however many there are: a review waits
 * for one piece, not for one of each stream. In every other turn, the first pieces of streams go first, so that a small
 * answer does not wait for all large ones.
 */
export class Turns {
  readonly #first: Waiting[] = []
  readonly #later: Waiting[] = []
  #isFirstNext = true
  /** The bytes that may still be processed in this turn of the event loop. */
  #left = TURN
  #isTurning = false

  /**
   * Yields the same bytes in pieces, each in its turn, even if all chunks are available. It frees a chunk when the
   * consumer asks for the next one.
   *
   * @param signal ends the wait for a turn: otherwise the pieces of streams that were given up would fill the memory
   */
  async *pieces(chunks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
    let waiting = this.#first
    let processed = 0
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += TURN) {
        const piece = chunk.subarray(at, at + TURN)
        processed += piece.length
        if (processed > TURN) waiting = this.#later
        await this.#turnOf(piece.length, waiting, signal)
        yield piece
      }
      free(chunk)
    }
  }

  async #turnOf(bytes: number, waiting: Waiting[], signal: AbortSignal): Promise<void> {
    if (!this.#isTurning) {
      this.#isTurning = true
      setImmediate(this.#begin)
    }
    if (waiting.length === 0 && bytes <= this.#left) this.#left -= bytes
    else await unlessAborted(signal, new Promise<void>((resolve) => waiting.push({ bytes, signal, resolve })))
  }

  readonly #begin = () => {
    this.#left = TURN
    const inOrder = this.#isFirstNext ? [this.#first, this.#later] : [this.#later, this.#first]
    this.#isFirstNext = !this.#isFirstNext
    for (const waiting of inOrder) this.#resume(waiting)
    this.#isTurning = this.#left < TURN
    if (this.#isTurning) setImmediate(this.#begin)
  }

  /** Lets as many pieces be processed as fit into the rest of the turn. */
  #resume(waiting: Waiting[]): void {
    for (let next = waiting[0]; next && (next.signal.aborted || next.bytes <= this.#left); next = waiting[0]) {
      waiting.shift()
      if (next.signal.aborted) continue
      this.#left -= next.bytes
      next.resolve()
    }
  }
}

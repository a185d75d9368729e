import { free } from '../json/piece.ts'

/**
 * Bytes to process before the event loop has its turn. The densest JSON parses at 80 MB/s (measured), so that is below
 * 1 ms, and below 10 ms on a slow and busy machine.
 */
const TURN = 64 * 1024

/** A piece that waits for its turn. */
interface Waiting {
  readonly bytes: number
  readonly resolve: () => void
}

/**
 * Lets the event loop have its turn after each 64 KiB of all streams together, however many there are: a review waits
 * for one piece, not for one of each stream. The streams take turns.
 */
export class Turns {
  readonly #waiting: Waiting[] = []
  /** The bytes that may still be processed in this turn of the event loop. */
  #left = TURN
  #isTurning = false

  /**
   * Yields the same bytes in pieces, each in its turn, even if all chunks are available. It frees a chunk when the
   * consumer asks for the next one.
   */
  async *pieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += TURN) {
        const piece = chunk.subarray(at, at + TURN)
        await this.#turnOf(piece.length)
        yield piece
      }
      free(chunk)
    }
  }

  async #turnOf(bytes: number): Promise<void> {
    if (!this.#isTurning) {
      this.#isTurning = true
      setImmediate(this.#begin)
    }
    if (this.#waiting.length === 0 && bytes <= this.#left) this.#left -= bytes
    else await new Promise<void>((resolve) => this.#waiting.push({ bytes, resolve }))
  }

  /** Begins a turn: lets as many pieces be processed as fit into it. */
  readonly #begin = () => {
    this.#left = TURN
    for (let next = this.#waiting[0]; next && next.bytes <= this.#left; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#left -= next.bytes
      next.resolve()
    }
    this.#isTurning = this.#left < TURN
    if (this.#isTurning) setImmediate(this.#begin)
  }
}

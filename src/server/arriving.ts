import { free } from '../json/piece.ts'
import type { Allowance } from './allowance.ts'
import type { ShedReason } from './observer.ts'

/**
 * The size from which a piece is kept as it arrived, in bytes: a record of TLS has up to 16 KiB. Smaller pieces are
 * copied into blocks, since the objects of a piece cost some hundred bytes whatever its size.
 */
const LARGE_PIECE = 4 * 1024
const BLOCK = 16 * 1024

const NOTHING = Buffer.alloc(0)

/**
 * The received bytes of one body, in pieces as they arrive, whatever length the client announced. The allowance reserves
 * their memory.
 */
export class Arriving {
  readonly #allowance: Allowance
  #pieces: Buffer[] = []
  /** The free bytes at the end of the last piece, which is a block then. */
  #room = 0
  #length = 0

  constructor(allowance: Allowance) {
    this.#allowance = allowance
  }

  /**
   * Adds a chunk. If it returns a reason, there is not enough memory, and all bytes are discarded.
   *
   * @param chunk owned by this object from now on
   */
  append(chunk: Buffer): ShedReason | undefined {
    const isKept = this.#length === 0 || (this.#room === 0 && chunk.length >= LARGE_PIECE)
    this.#length += chunk.length
    const shed = isKept ? this.#keep(chunk) : this.#copy(chunk)
    if (shed || !isKept) free(chunk)
    if (shed) this.discard()
    return shed
  }

  /** Returns the received bytes in one piece. Do not use it after `discard`. */
  join(): Buffer {
    if (this.#pieces.length > 1) {
      const whole = Buffer.allocUnsafeSlow(this.#length)
      let length = 0
      // Each piece is freed as soon as it is copied, so that the body does not need its memory twice.
      for (const piece of this.#pieces) {
        length += piece.copy(whole, length)
        free(piece)
      }
      this.#pieces = [whole]
    }
    return this.#pieces[0] ?? NOTHING
  }

  /** Discards the bytes, and frees their memory. */
  discard(): void {
    for (const piece of this.#pieces) free(piece)
    this.#pieces = []
    this.#room = 0
    this.#length = 0
    this.#allowance.release('bodies')
  }

  #keep(chunk: Buffer): ShedReason | undefined {
    const shed = this.#allowance.reserve('bodies', chunk.length)
    if (!shed) this.#pieces.push(chunk)
    return shed
  }

  /** Copies a chunk into the room of the last block, and the rest into a new block. */
  #copy(chunk: Buffer): ShedReason | undefined {
    const last = this.#pieces.at(-1) ?? NOTHING
    const copied = this.#room > 0 ? chunk.copy(last, last.length - this.#room) : 0
    this.#room -= copied
    const rest = chunk.length - copied
    if (rest === 0) return undefined
    const size = Math.max(rest, BLOCK)
    const shed = this.#allowance.reserve('bodies', size)
    if (shed) return shed
    const block = Buffer.allocUnsafeSlow(size)
    chunk.copy(block, 0, copied)
    this.#pieces.push(block)
    this.#room = size - rest
    return undefined
  }
}

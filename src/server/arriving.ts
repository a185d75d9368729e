import { free } from '../json/piece.ts'
import type { Allowance } from './allowance.ts'
import { LARGEST_BODY } from './content.ts'
import type { ShedReason } from './observer.ts'

/** The step by which a buffer grows, in bytes: some pages of memory. */
const STEP = 16 * 1024

const NOTHING = Buffer.alloc(0)

/**
 * The received bytes of one body, in a buffer that grows as they arrive, whatever length the client announced. The
 * allowance reserves its length. The buffer is resizable: it reserves only addresses for the largest body, and returns
 * its memory to the system immediately, unlike freed pieces of the heap. A body of one piece is kept as that piece.
 */
export class Arriving {
  readonly #allowance: Allowance
  #piece: Buffer = NOTHING
  #buffer: ArrayBuffer | undefined
  #length = 0

  constructor(allowance: Allowance) {
    this.#allowance = allowance
  }

  /** The received bytes. Do not use them after `discard`. */
  get bytes(): Buffer {
    return this.#buffer ? Buffer.from(this.#buffer, 0, this.#length) : this.#piece
  }

  /**
   * Adds a chunk. If it returns a reason, there is not enough memory, and all bytes are discarded.
   *
   * @param chunk owned by this object from now on; with it, the body must not exceed LARGEST_BODY
   */
  append(chunk: Buffer): ShedReason | undefined {
    const shed = this.#length === 0 ? this.#keep(chunk) : this.#copy(chunk)
    if (shed) {
      free(chunk)
      this.discard()
    }
    return shed
  }

  /** Discards the bytes, and frees their memory. */
  discard(): void {
    this.#buffer?.transferToFixedLength(0)
    this.#buffer = undefined
    free(this.#piece)
    this.#piece = NOTHING
    this.#length = 0
    this.#allowance.release('bodies')
  }

  #keep(chunk: Buffer): ShedReason | undefined {
    const shed = this.#allowance.reserve('bodies', chunk.length)
    if (shed) return shed
    this.#piece = chunk
    this.#length = chunk.length
    return undefined
  }

  #copy(chunk: Buffer): ShedReason | undefined {
    const length = this.#length + chunk.length
    if (length > (this.#buffer?.byteLength ?? 0)) {
      const grown = Math.min(Math.ceil(length / STEP) * STEP, LARGEST_BODY)
      // The first piece is freed as soon as it has been copied.
      const shed = this.#allowance.reserve('bodies', grown - (this.#buffer ?? this.#piece).byteLength)
      if (shed) return shed
      if (this.#buffer) this.#buffer.resize(grown)
      else this.#begin(grown)
    }
    new Uint8Array(this.#buffer as ArrayBuffer).set(chunk, this.#length)
    free(chunk)
    this.#length = length
    return undefined
  }

  /** Creates the buffer, and copies the first piece. */
  #begin(bytes: number): void {
    this.#buffer = new ArrayBuffer(bytes, { maxByteLength: LARGEST_BODY })
    new Uint8Array(this.#buffer).set(this.#piece)
    free(this.#piece)
    this.#piece = NOTHING
  }
}

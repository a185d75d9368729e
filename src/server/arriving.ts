import { free } from '../json/piece.ts'
import type { Allowance } from './allowance.ts'
import { LARGEST_BODY } from './content.ts'
import type { ShedReason } from './observer.ts'

/** What a buffer grows by, in bytes: some pages of memory. */
const STEP = 16 * 1024

const NOTHING = Buffer.alloc(0)

/**
 * The bytes of one body as they arrive, in one buffer that grows as they come, whatever the client announced; the
 * allowance holds its length. The buffer can be resized: only addresses are reserved for the largest body, and its
 * memory goes back to the system at once, where freed pieces of a heap would stay with the process. A body that comes in
 * one piece is kept as that piece.
 */
export class Arriving {
  readonly #allowance: Allowance
  #piece: Buffer = NOTHING
  #buffer: ArrayBuffer | undefined
  #length = 0

  constructor(allowance: Allowance) {
    this.#allowance = allowance
  }

  /** What has arrived; not to be used after `discard`. */
  get bytes(): Buffer {
    return this.#buffer ? Buffer.from(this.#buffer, 0, this.#length) : this.#piece
  }

  /**
   * A reason why not means that there is no memory for it, and nothing is kept.
   *
   * @param chunk is this object's from now on; the body is no longer than LARGEST_BODY with it
   */
  append(chunk: Buffer): ShedReason | undefined {
    const shed = this.#length === 0 ? this.#keep(chunk) : this.#copy(chunk)
    if (shed) {
      free(chunk)
      this.discard()
    }
    return shed
  }

  /** Frees the memory. */
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

  /** Copies the first piece. */
  #begin(bytes: number): void {
    this.#buffer = new ArrayBuffer(bytes, { maxByteLength: LARGEST_BODY })
    new Uint8Array(this.#buffer).set(this.#piece)
    free(this.#piece)
    this.#piece = NOTHING
  }
}

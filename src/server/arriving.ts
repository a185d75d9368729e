import type { Allowance } from './allowance.ts'
import { LARGEST_BODY } from './content.ts'
import type { ShedReason } from './load.ts'

/** Where a buffer begins that has to grow, in bytes. */
const FIRST_CAPACITY = 16 * 1024

/**
 * The bytes of one body as they arrive, in one buffer. It doubles as they come, whatever the client announced; the
 * allowance holds its capacity. A body that comes in one piece is kept as that piece.
 */
export class Arriving {
  readonly #allowance: Allowance
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  /** Whether the buffer is this object's own, with room for more. */
  #own = false
  #length = 0

  constructor(allowance: Allowance) {
    this.#allowance = allowance
  }

  get length(): number {
    return this.#length
  }

  /** What has arrived; not to be used after `discard`. */
  get bytes(): Buffer {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#length)
  }

  /** A reason why not means that there is no memory for it, and nothing is kept. */
  append(chunk: Buffer): ShedReason | undefined {
    const shed = this.#length === 0 ? this.#keep(chunk) : this.#copy(chunk)
    if (shed) this.discard()
    return shed
  }

  /** Frees the memory at once: garbage collection would let bodies of many MiB lie about. */
  discard(): void {
    if (this.#own) this.#bytes.buffer.transfer(0)
    this.#bytes = new Uint8Array(0)
    this.#own = false
    this.#length = 0
    this.#allowance.release('bodies')
  }

  #keep(chunk: Buffer): ShedReason | undefined {
    this.#bytes = chunk as Buffer<ArrayBuffer>
    this.#length = chunk.length
    return this.#allowance.reserve('bodies', chunk.length)
  }

  #copy(chunk: Buffer): ShedReason | undefined {
    const length = this.#length + chunk.length
    if (!this.#own || length > this.#bytes.length) {
      const capacity = Math.max(length, Math.min(this.#bytes.length * 2, LARGEST_BODY), FIRST_CAPACITY)
      const shed = this.#allowance.reserve('bodies', capacity - this.#bytes.length)
      if (shed) return shed
      this.#grow(capacity)
    }
    this.#bytes.set(chunk, this.#length)
    this.#length = length
    return undefined
  }

  #grow(capacity: number): void {
    if (this.#own) {
      this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(capacity))
      return
    }
    const grown = new Uint8Array(capacity)
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#own = true
  }
}

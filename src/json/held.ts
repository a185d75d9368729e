/** The bytes of a value that continues in the next chunk. It copies them, since the owner may overwrite the chunk. */
export class Held {
  #bytes = Buffer.alloc(0)
  #length = 0

  add(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    if (length > this.#bytes.length) {
      const more = Buffer.allocUnsafe(Math.max(length, 2 * this.#bytes.length))
      this.#bytes.copy(more, 0, 0, this.#length)
      this.#bytes = more
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = length
  }

  /** Returns the text of all bytes, and removes them. */
  take(): string {
    const text = this.#bytes.toString('utf8', 0, this.#length)
    this.#bytes = Buffer.alloc(0)
    this.#length = 0
    return text
  }

  get length(): number {
    return this.#length
  }
}

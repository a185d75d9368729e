import { OPEN_LIST, OPEN_OBJECT } from './bytes.ts'
import { Held } from './held.ts'
import { JsonError, parseKept } from './parse.ts'
import { type ScanHandler, Scanner } from './scanner.ts'
import { clear, isWhole, kept, longestName, type Measure, type Part, partOf, type Shape, trim } from './shape.ts'

export interface ProjectorOptions {
  readonly shape: Shape
  /**
   * The most to keep of one element, and of the document without its elements, in bytes. Above it, the largest values
   * of the shape's `whole` parts are dropped.
   */
  readonly most: number
  /** Whether each line is a document, as in a watch. Otherwise the text is one document. */
  readonly lines?: boolean
  /**
   * Receives each element of the shape's list.
   *
   * @param whole false if a part of it was dropped for its size
   */
  readonly element?: (kept: unknown, whole: boolean) => void
  /** Receives what is kept of a document when the document ends. */
  readonly document: (kept: unknown, whole: boolean, measure: Measure) => void
}

/** The beginning of a value that is measured. */
interface Begun {
  readonly at: number
  readonly values: number
  /** The deepest nesting before it. */
  readonly deepest: number
}

const NULL = 0x6e

/**
 * Reads JSON texts in UTF-8, in chunks of any size, keeps what a shape names, and skips the rest. The result equals
 * that of JSON.parse followed by a selection: names may be escaped, and the last of equal names counts. It reads no
 * byte more than twice. It holds what it keeps of one element, of the document and of one value that is being read, at
 * most `most` bytes each, and a byte for each open container.
 *
 * It does not check strings, numbers and literals that it skips. A document must not have the shape's list twice.
 */
export class Projector {
  readonly #options: ProjectorOptions
  readonly #root: Part
  readonly #scanner: Scanner
  /** The part of each open value; undefined for a value that is skipped. */
  readonly #open: (Part | undefined)[] = []
  #name: string | undefined
  /** The part whose value is being kept, and where the value begins in the current chunk. */
  #keeping: Part | undefined
  #from = 0
  readonly #held = new Held()
  #document: Begun = { at: 0, values: 0, deepest: 0 }
  #measured: Begun = this.#document
  #handedOut = false

  constructor(options: ProjectorOptions) {
    this.#options = options
    this.#root = partOf(options.shape, [])
    const handler: ScanHandler = {
      begin: (first, at) => this.#begin(first, at),
      name: (name) => {
        this.#name = name
      },
      end: (chunk, at) => this.#end(chunk, at),
    }
    this.#scanner = new Scanner(handler, longestName(this.#root), options.lines ?? false)
  }

  /** How many bytes are held of a value that continues in the next chunk. */
  get held(): number {
    return this.#held.length
  }

  /**
   * Reads a chunk, and passes on the elements and documents that end in it.
   *
   * @throws JsonError if the text is not JSON, or what a callback throws; do not use the projector after that
   */
  push(chunk: Uint8Array): void {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#scanner.push(buffer)
    if (!this.#keeping) return
    this.#held.add(buffer.subarray(this.#from))
    this.#from = 0
    if (this.#held.length > this.#options.most) this.#drop(this.#keeping)
  }

  /** @throws JsonError if the last document is incomplete, or if a required document is missing */
  end(): void {
    this.#scanner.end()
  }

  #begin(first: number, at: number): boolean {
    if (this.#open.length === 0) this.#document = this.#measure(at)
    const part = this.#next()
    this.#open.push(part)
    if (!part) return false
    if (part.handsOut && this.#handedOut)
      throw new JsonError(`byte ${this.#scanner.offset(at)}: the list occurs a second time`)
    clear(part)
    switch (part.kind) {
      case 'whole':
        this.#keeping = part
        this.#from = at
        return false
      case 'measure':
        this.#measured = this.#measure(at)
        return part.fields.size > 0 && first === OPEN_OBJECT
      case 'fields':
        part.present = first === OPEN_OBJECT
        return part.present
      case 'list':
        part.present = first === OPEN_LIST || first === NULL
        if (part.present) part.value = 0
        this.#handedOut = first === OPEN_LIST
        return this.#handedOut
    }
  }

  /** Returns the part of the next value. */
  #next(): Part | undefined {
    if (this.#open.length === 0) return this.#root
    const outer = this.#open.at(-1)
    if (outer?.element) return outer.element
    return this.#name === undefined ? undefined : outer?.fields.get(this.#name)
  }

  #end(chunk: Buffer, at: number): void {
    const part = this.#open.pop()
    if (part && part === this.#keeping) this.#finish(part, chunk, at)
    else if (part?.kind === 'measure') {
      part.value = this.#measureSince(this.#measured, at)
      part.present = true
    }
    const outer = this.#open.at(-1)
    if (part && outer?.kind === 'list') {
      outer.value = (outer.value as number) + 1
      this.#options.element?.(kept(part), isWhole(part))
    }
    if (this.#open.length === 0) this.#endDocument(at)
  }

  #endDocument(at: number): void {
    const root = this.#root
    const [value, whole, measure] = [kept(root), isWhole(root), this.#measureSince(this.#document, at)]
    clear(root)
    this.#handedOut = false
    this.#options.document(value, whole, measure)
  }

  /** Ends the value that is being kept, and drops it if it does not fit. */
  #finish(part: Part, chunk: Buffer, at: number): void {
    part.bytes = this.#held.length + at - this.#from
    part.present = true
    trim(part.scope, this.#options.most)
    if (part.dropped) {
      this.#drop(part)
      return
    }
    this.#keeping = undefined
    if (this.#held.length > 0) this.#held.add(chunk.subarray(this.#from, at))
    part.value = parseKept(this.#held.length > 0 ? this.#held.take() : chunk.toString('utf8', this.#from, at))
  }

  #drop(part: Part): void {
    part.dropped = true
    this.#keeping = undefined
    this.#held.take()
  }

  #measure(at: number): Begun {
    const { values, depth, deepest } = this.#scanner
    this.#scanner.deepest = depth
    return { at: this.#scanner.offset(at), values, deepest }
  }

  #measureSince({ at: from, values: before, deepest }: Begun, at: number): Measure {
    const { values, depth } = this.#scanner
    const nesting = this.#scanner.deepest - depth
    this.#scanner.deepest = Math.max(this.#scanner.deepest, deepest)
    return { bytes: this.#scanner.offset(at) - from, values: values - before, nesting }
  }
}

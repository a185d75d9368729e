import { Projector } from '../../src/json/projector.ts'
import type { Measure, Shape } from '../../src/json/shape.ts'

/** The result of a projector for a text. */
export interface Projected {
  readonly elements: { readonly kept: unknown; readonly whole: boolean }[]
  readonly documents: { readonly kept: unknown; readonly whole: boolean; readonly measure: Measure }[]
}

export interface ProjectOptions {
  readonly most?: number
  readonly lines?: boolean
  /** The sizes of the chunks, repeated; without them, the text is one chunk. */
  readonly sizes?: readonly number[]
}

/** Projects a text. It overwrites the buffer of each chunk afterwards, as the owner of a chunk may. */
export function project(text: string | Buffer, shape: Shape, options: ProjectOptions = {}): Projected {
  const bytes = Buffer.from(text)
  const { most = Infinity, lines = false, sizes = [Math.max(1, bytes.length)] } = options
  const projected: Projected = { elements: [], documents: [] }
  const projector = new Projector({
    shape,
    most,
    lines,
    element: (kept, whole) => projected.elements.push({ kept, whole }),
    document: (kept, whole, measure) => projected.documents.push({ kept, whole, measure }),
  })
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    const chunk = new Uint8Array(bytes.subarray(at, at + size))
    projector.push(chunk)
    chunk.fill(0)
    at += size
  }
  projector.end()
  return projected
}

/** Returns what is kept of the only document. */
export function keptOf(text: string | Buffer, shape: Shape, options: ProjectOptions = {}): unknown {
  return project(text, shape, options).documents[0]?.kept
}

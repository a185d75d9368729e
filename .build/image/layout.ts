import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** A content in a layout, by which others refer to it. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/** An OCI image layout, in a folder: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md */
export class Layout {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(path.join(folder, 'blobs/sha256'), { recursive: true })
    this.#write('oci-layout', { imageLayoutVersion: '1.0.0' })
  }

  /** Adds a content. */
  add(mediaType: string, content: Buffer | object): Descriptor {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content))
    const digest = digestOf(bytes)
    writeFileSync(path.join(this.#folder, 'blobs', digest.replace(':', '/')), bytes)
    return { mediaType, digest, size: bytes.length }
  }

  /** Names a content that was added. */
  name(tag: string, descriptor: Descriptor): void {
    const annotations = { 'org.opencontainers.image.ref.name': tag }
    this.#write('index.json', { schemaVersion: 2, manifests: [{ ...descriptor, annotations }] })
  }

  #write(file: string, content: object): void {
    writeFileSync(path.join(this.#folder, file), JSON.stringify(content))
  }
}

/** Returns the digest of a content, as OCI writes it. */
export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

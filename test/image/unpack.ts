import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Platform } from '../../.build/image/pins.ts'

/** What a container runs by default, as an image says. */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly platform?: { readonly architecture: string }
}

/** Unpacks the image for a platform of an OCI layout into a folder, and returns its configuration. */
export function unpack(layout: string, root: string, wanted: Platform): ImageConfig {
  const blob = ({ digest }: Descriptor) => path.join(layout, 'blobs', digest.replace(':', '/'))
  const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
  const manifestOf = ({ manifests }: { manifests: Descriptor[] }): { config: Descriptor; layers: Descriptor[] } => {
    const one = manifests.find(({ platform }) => platform?.architecture === wanted) ?? manifests[0]
    if (!one) throw new Error(`${layout} has no image`)
    return one.mediaType.includes('index') ? manifestOf(json(blob(one))) : json(blob(one))
  }
  const { config, layers } = manifestOf(json(path.join(layout, 'index.json')))
  mkdirSync(root, { recursive: true })
  for (const layer of layers) execFileSync('tar', ['-xzf', blob(layer), '-C', root])
  return json(blob(config)).config
}

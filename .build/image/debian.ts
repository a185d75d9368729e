import { gunzipSync } from 'node:zlib'
import { fromDebian } from './fetch.ts'
import type { Pin, Platform } from './pins.ts'

/** What the distroless image consists of too: Debian 13. */
const RELEASE = 'trixie'

/**
 * Returns the newest packages of Debian with these names.
 *
 * @throws Error if Debian has no such package, or does not answer
 */
export async function newestOf(names: readonly string[], platform: Platform): Promise<Pin[]> {
  const index = gunzipSync(await fromDebian(`dists/${RELEASE}/main/binary-${platform}/Packages.gz`)).toString()
  return names.map((name) => pinIn(index, name))
}

function pinIn(index: string, name: string): Pin {
  const entry = index.split('\n\n').find((one) => one.startsWith(`Package: ${name}\n`))
  if (entry === undefined) throw new Error(`${RELEASE} has no package ${name}`)
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(entry)?.[1] ?? ''
  return { name, version: field('Version'), path: field('Filename'), sha256: field('SHA256') }
}

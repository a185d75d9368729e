import { writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { fromDebian, fromNpm, sha256Of } from './fetch.ts'
import { PINS, type Pin, type Pins, PLATFORMS, type Platform } from './pins.ts'

/** What Node links, and the licence of GCC's libraries. Debian 13 is what the distroless image consists of too. */
const RELEASE = 'trixie'
const LIBRARIES = ['gcc-14-base', 'libc6', 'libgcc-s1', 'libstdc++6']

/** Returns the newest libraries of Debian, and Node of a version. */
async function newestPins(platform: Platform, nodeVersion: string): Promise<Pins> {
  const index = gunzipSync(await fromDebian(`dists/${RELEASE}/main/binary-${platform}/Packages.gz`)).toString()
  const node = `node-linux-${PLATFORMS[platform]}`
  return {
    node: { name: node, version: nodeVersion, sha256: sha256Of(fromNpm(`${node}@${nodeVersion}`)) },
    debian: LIBRARIES.map((name) => pinIn(index, name)),
  }
}

/** @throws Error if the index does not have the package */
function pinIn(index: string, name: string): Pin {
  const entry = index.split('\n\n').find((one) => one.startsWith(`Package: ${name}\n`))
  if (entry === undefined) throw new Error(`${RELEASE} has no package ${name}`)
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(entry)?.[1] ?? ''
  return { name, version: field('Version'), path: field('Filename'), sha256: field('SHA256') }
}

const [, , version = ''] = process.argv
const pins = { amd64: await newestPins('amd64', version), arm64: await newestPins('arm64', version) }
writeFileSync(PINS, `${JSON.stringify(pins, null, 2)}\n`)

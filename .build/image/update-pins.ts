import { writeFileSync } from 'node:fs'
import { newestOf } from './debian.ts'
import { fromNpm, sha256Of } from './fetch.ts'
import { PINS, type Pins, PLATFORMS, type Platform } from './pins.ts'

/** What Node links, and the licence of GCC's libraries. */
const LIBRARIES = ['gcc-14-base', 'libc6', 'libgcc-s1', 'libstdc++6']

/** Returns the newest libraries of Debian, and Node of a version. */
async function newestPins(platform: Platform, nodeVersion: string): Promise<Pins> {
  const node = `node-linux-${PLATFORMS[platform]}`
  return {
    node: { name: node, version: nodeVersion, sha256: sha256Of(fromNpm(`${node}@${nodeVersion}`)) },
    debian: await newestOf(LIBRARIES, platform),
  }
}

const [, , version = ''] = process.argv
const pins = { amd64: await newestPins('amd64', version), arm64: await newestPins('arm64', version) }
writeFileSync(PINS, `${JSON.stringify(pins, null, 2)}\n`)

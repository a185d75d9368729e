import { writeFileSync } from 'node:fs'
import { newestOf } from './debian.ts'
import { fromNpm, sha256Of } from './fetch.ts'
import { PINS, type Pin, type Pins, PLATFORMS, type Platform } from './pins.ts'

/** The file of the pins of Node for the executables. */
const EXECUTABLE_PINS = new URL('../executable/pins.json', import.meta.url)

/** What Node links, and the licence of GCC's libraries. */
const LIBRARIES = ['gcc-14-base', 'libc6', 'libgcc-s1', 'libstdc++6']

/** Returns the newest libraries of Debian, and Node of a version. */
async function newestPins(platform: Platform, nodeVersion: string): Promise<Pins> {
  return { node: nodePin(platform, nodeVersion), debian: await newestOf(LIBRARIES, platform) }
}

function nodePin(platform: Platform, version: string): Pin {
  const name = `node-linux-${PLATFORMS[platform]}`
  return { name, version, sha256: sha256Of(fromNpm(`${name}@${version}`)) }
}

const [, , version = '', ofExecutables = ''] = process.argv
const pins = { amd64: await newestPins('amd64', version), arm64: await newestPins('arm64', version) }
writeFileSync(PINS, `${JSON.stringify(pins, null, 2)}\n`)
const nodes = { amd64: nodePin('amd64', ofExecutables), arm64: nodePin('arm64', ofExecutables) }
writeFileSync(EXECUTABLE_PINS, `${JSON.stringify(nodes, null, 2)}\n`)

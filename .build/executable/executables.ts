import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import manifest from '../../package.json' with { type: 'json' }
import { bundled } from '../bundle.ts'
import { writeNode } from '../image/layers.ts'
import { type Pin, PLATFORMS, type Platform } from '../image/pins.ts'
import { tarOf } from '../image/tar.ts'

/** Where the executables and their archives are. */
export const FOLDER = 'dist/executables'

/** The Node that is part of the executables. Node 24 cannot build them. */
export const PINS: Record<Platform, Pin> = JSON.parse(readFileSync(new URL('pins.json', import.meta.url), 'utf8'))

/** The name of the archive of a platform. */
export const archiveName = (platform: Platform) => `refgrant-v${manifest.version}-linux-${platform}.tar.gz`

/** The bundle, in its working folder. */
const MAIN = 'refgrant.mjs'

/** Without this, Node calls single executables experimental at each start. */
const QUIET = { disableExperimentalSEAWarning: true }

/** The terms of what an executable consists of. */
const TERMS = ['LICENSE', 'THIRD-PARTY-NOTICES']

/**
 * Builds the executable of each platform, and an archive with it and its terms: the same bytes each time.
 *
 * @throws Error if Node cannot be had, or this machine does not run it
 */
async function buildExecutables(): Promise<void> {
  const host = (Object.keys(PLATFORMS) as Platform[]).find((one) => PLATFORMS[one] === process.arch)
  if (process.platform !== 'linux' || !host) throw new Error('executables are built on Linux on amd64 or arm64')
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const work = mkdtempSync(path.join(tmpdir(), 'refgrant-executables-'))
  try {
    await bundled({ outfile: path.join(work, MAIN) })
    for (const [platform, pin] of Object.entries(PINS)) await writeNode(pin, path.join(work, platform))
    for (const platform of Object.keys(PINS) as Platform[]) {
      const program = buildOne(work, host, platform)
      copyFileSync(program, path.join(FOLDER, `refgrant-linux-${platform}`))
      writeFileSync(path.join(FOLDER, archiveName(platform)), gzipSync(tarOf(path.dirname(program))))
    }
  } finally {
    rmSync(work, { recursive: true })
  }
}

/**
 * Builds an executable in a folder of its own, with its terms. V8 compiles the program at each start: the result of a
 * compilation ahead (`useCodeCache`) differs in each build, and is of no use on another platform.
 *
 * @param work the folder with the bundle, and a folder with Node for each platform
 * @param host the platform of this machine
 */
function buildOne(work: string, host: Platform, target: Platform): string {
  const nodeOf = (platform: Platform) => path.join(platform, 'nodejs/bin/node')
  const folder = path.join(work, target, 'archive')
  mkdirSync(folder)
  const output = path.join(target, 'archive/refgrant')
  // The path of the bundle becomes a part of the executable, so it must not name a temporary folder.
  const config = { main: MAIN, mainFormat: 'module', executable: nodeOf(target), output, ...QUIET }
  writeFileSync(path.join(work, 'sea.json'), JSON.stringify(config))
  execFileSync(path.join(work, nodeOf(host)), ['--build-sea', 'sea.json'], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (const file of TERMS) copyFileSync(file, path.join(folder, file))
  copyFileSync(path.join(work, target, 'nodejs/LICENSE'), path.join(folder, 'LICENSE-node'))
  return path.join(work, output)
}

if (import.meta.main) {
  try {
    await buildExecutables()
  } catch (error) {
    console.error(`cannot build the executables: ${(error as Error).message}`)
    process.exitCode = 1
  }
}

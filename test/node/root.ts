import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { writeLibraries, writeNode } from '../../.build/image/layers.ts'
import { PINS as IMAGE_PINS, readPins } from '../../.build/image/pins.ts'
import { cacheFolder } from '../harness/control-plane/go-programs.ts'
import { PINS, type Pinned } from './pins.ts'

/** The names under which the node needs busybox. */
const APPLETS = ['hostname', 'ip', 'mkdir', 'mount', 'pivot_root', 'seq', 'sh', 'sleep', 'umount']

/** Where something is mounted. */
const MOUNT_POINTS = ['dev', 'machine', 'proc', 'run', 'sys', 'tmp', 'var']

/**
 * Returns the folder of the node's root: Debian's packages and npm's Node, unpacked once (about 100 MB are downloaded).
 *
 * @throws Error if a package cannot be had
 */
export function nodeRoot(): Promise<string> {
  return unpacked('node', async (root) => {
    await writeNode(readPins().amd64.node, root)
    for (const name of MOUNT_POINTS) mkdirSync(path.join(root, name), { recursive: true })
    for (const name of ['bin', 'sbin']) symlinkSync(`usr/${name}`, path.join(root, name))
    for (const name of APPLETS) symlinkSync('busybox', path.join(root, 'usr/bin', name))
  })
}

/**
 * Returns the folder of a root with Prometheus and promtool, unpacked once (about 35 MB are downloaded).
 *
 * @throws Error if a package cannot be had
 */
export function prometheusRoot(): Promise<string> {
  return unpacked('prometheus', async () => {})
}

/**
 * Returns the folder of a root with zsh, fish and bash-completion, unpacked once (about 10 MB are downloaded).
 *
 * @throws Error if a package cannot be had
 */
export function shellsRoot(): Promise<string> {
  return unpacked('shells', async () => {})
}

/** Returns where busybox is, which needs no library. */
export const busyboxIn = (root: string) => path.join(root, 'usr/bin/busybox')

/** Unpacks the libraries of the image and the packages of this name, and does the rest, in a folder that is renamed when it is complete. */
async function unpacked(
  name: Exclude<keyof Pinned, 'arm64'>,
  finish: (root: string) => Promise<void>,
): Promise<string> {
  const root = path.join(cacheFolder, `${name}-root-${hashOf([IMAGE_PINS, PINS, import.meta.filename])}`)
  if (existsSync(root)) return root
  mkdirSync(cacheFolder, { recursive: true })
  const work = mkdtempSync(`${root}-`)
  try {
    const pins: Pinned = JSON.parse(readFileSync(PINS, 'utf8'))
    await writeLibraries([...readPins().amd64.debian, ...pins[name]], work)
    await finish(work)
    renameSync(work, root)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return root
}

function hashOf(files: readonly (string | URL)[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 12)
}

if (import.meta.main)
  for (const root of [await nodeRoot(), await prometheusRoot(), await shellsRoot()]) console.log(root)

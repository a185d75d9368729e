import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { writeLibraries, writeNode } from '../../.build/image/layers.ts'
import { PINS, type Pin, readPins } from '../../.build/image/pins.ts'
import { cacheFolder } from '../harness/control-plane/go-programs.ts'

const OWN_PINS = path.join(import.meta.dirname, 'pins.json')

/** The names under which the node needs busybox. */
const APPLETS = ['hostname', 'ip', 'mkdir', 'mount', 'pivot_root', 'sh', 'sleep', 'umount']

/** Where something is mounted. */
const MOUNT_POINTS = ['dev', 'machine', 'proc', 'run', 'sys', 'tmp', 'var']

/**
 * Returns the folder of the node's root: Debian's packages and npm's Node, unpacked once (about 100 MB are downloaded).
 *
 * @throws Error if a package cannot be had
 */
export async function nodeRoot(): Promise<string> {
  const root = path.join(cacheFolder, `node-root-${hashOf([PINS, OWN_PINS, import.meta.filename])}`)
  if (existsSync(root)) return root
  mkdirSync(cacheFolder, { recursive: true })
  const work = mkdtempSync(`${root}-`)
  try {
    await write(work)
    renameSync(work, root)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return root
}

/** Returns where busybox is, which needs no library. */
export const busyboxIn = (root: string) => path.join(root, 'usr/bin/busybox')

async function write(root: string): Promise<void> {
  const { debian, node } = readPins().amd64
  await writeLibraries([...debian, ...(JSON.parse(readFileSync(OWN_PINS, 'utf8')) as Pin[])], root)
  await writeNode(node, root)
  for (const name of MOUNT_POINTS) mkdirSync(path.join(root, name), { recursive: true })
  for (const name of ['bin', 'sbin']) symlinkSync(`usr/${name}`, path.join(root, name))
  for (const name of APPLETS) symlinkSync('busybox', path.join(root, 'usr/bin', name))
}

function hashOf(files: readonly (string | URL)[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 12)
}

import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { writeLibraries, writeNode } from '../../.build/image/layers.ts'
import { readPins } from '../../.build/image/pins.ts'

/** The authorities that this machine trusts, and so does npm in the stand-in. */
export const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt'

/** What the Dockerfile runs in its first stage, besides Node and npm. */
const APPLETS = ['env', 'mkdir', 'sh', 'tar']

/** Writes the files of a stand-in for the distroless image of Node: Debian's libraries, and Node in the same place. */
export async function writeDistroless(root: string): Promise<void> {
  const { debian, node } = readPins().amd64
  mkdirSync(root, { recursive: true })
  await writeLibraries(debian, root)
  await writeNode(node, root)
}

/** Writes the files of a stand-in for the image of Node with a shell and npm, which are those of this machine. */
export async function writeSlim(root: string): Promise<void> {
  await writeDistroless(root)
  const bin = path.join(root, 'usr/bin')
  mkdirSync(bin)
  symlinkSync('usr/bin', path.join(root, 'bin'))
  cpSync('/bin/busybox', path.join(bin, 'busybox'))
  for (const applet of APPLETS) symlinkSync('busybox', path.join(bin, applet))
  symlinkSync('/nodejs/bin/node', path.join(bin, 'node'))
  const npm = realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())
  cpSync(path.join(npm, '../..'), path.join(root, 'usr/lib/npm'), { recursive: true, verbatimSymlinks: true })
  symlinkSync('/usr/lib/npm/bin/npm-cli.js', path.join(bin, 'npm'))
  appendFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  mkdirSync(path.join(root, 'root'))
  mkdirSync(path.join(root, 'tmp'))
  cpSync(AUTHORITIES, path.join(root, AUTHORITIES))
}

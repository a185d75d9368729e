import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fetched } from './fetch.ts'
import type { Pin } from './pins.ts'

/** What Node does not read of Debian's packages. The terms stay. */
const DROPPED = [
  'usr/lib/*/{audit,gconv}',
  'usr/share/{gcc,gdb,lintian}',
  'usr/share/doc/*/{NEWS,README,TODO,changelog}*',
]

/** Files that libraries, Node and scanners read. */
const FILES = {
  'etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
  'etc/passwd': 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n',
  'etc/group': 'nonroot:x:65532:\n',
  'etc/nsswitch.conf': 'hosts: files dns\n',
}

/** Writes the libraries of Debian to a folder, in their usual places. */
export async function writeLibraries(debian: readonly Pin[], folder: string): Promise<void> {
  const known = path.join(folder, 'var/lib/dpkg/status.d')
  for (const place of [known, path.join(folder, 'etc')]) mkdirSync(place, { recursive: true })
  for (const pin of debian) {
    const file = await fetched(pin)
    execFileSync('dpkg-deb', ['--extract', file, folder])
    // Scanners find the packages by this, as in distroless images.
    writeFileSync(path.join(known, pin.name), execFileSync('dpkg-deb', ['--field', file]))
  }
  for (const dropped of globSync(DROPPED, { cwd: folder })) rmSync(path.join(folder, dropped), { recursive: true })
  for (const name of globSync('lib*', { cwd: path.join(folder, 'usr') }))
    symlinkSync(`usr/${name}`, path.join(folder, name))
  for (const [file, content] of Object.entries(FILES)) writeFileSync(path.join(folder, file), content)
}

/** Writes Node to a folder, in the place where the distroless image has it. */
export async function writeNode(node: Pin, folder: string): Promise<void> {
  mkdirSync(path.join(folder, 'nodejs'), { recursive: true })
  untar(await fetched(node), path.join(folder, 'nodejs'), ['package/bin/node', 'package/LICENSE'])
}

/** Writes the package to a folder. */
export function writePackage(tarball: string, folder: string): void {
  mkdirSync(path.join(folder, 'refgrant'), { recursive: true })
  untar(tarball, path.join(folder, 'refgrant'))
}

function untar(tarball: string, folder: string, files: readonly string[] = []): void {
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components', '1', ...files])
}

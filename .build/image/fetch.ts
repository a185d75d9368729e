import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Pin } from './pins.ts'

/** Where Debian's packages come from. */
const ARCHIVE = 'https://deb.debian.org/debian'

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'refgrant', 'image')

/**
 * Returns the path of a package's file, which is downloaded once.
 *
 * @throws Error if it cannot be had, or has another content than the pin says
 */
export async function fetched({ name, version, path: place, sha256 }: Pin): Promise<string> {
  const file = path.join(cache, sha256)
  if (existsSync(file)) return file
  const content = place === undefined ? fromNpm(`${name}@${version}`) : await fromDebian(place)
  const found = sha256Of(content)
  if (found !== sha256) throw new Error(`${name} ${version} has the SHA-256 ${found}, and not the pinned ${sha256}`)
  mkdirSync(cache, { recursive: true })
  writeFileSync(`${file}.${process.pid}`, content)
  renameSync(`${file}.${process.pid}`, file)
  return file
}

/** Downloads a file of Debian's archive. */
export async function fromDebian(place: string): Promise<Buffer> {
  const response = await fetch(`${ARCHIVE}/${place}`).catch(({ cause }) => {
    throw new Error(`cannot download ${ARCHIVE}/${place}: ${cause?.message}`)
  })
  if (response.ok) return Buffer.from(await response.arrayBuffer())
  const remedy = response.status === 404 ? ': Debian has a newer version, which make image-pins finds' : ''
  throw new Error(`cannot download ${ARCHIVE}/${place}: HTTP ${response.status}${remedy}`)
}

/** Downloads a package of the npm registry. */
export function fromNpm(spec: string): Buffer {
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(path.join(cache, 'npm-'))
  try {
    const options = ['--silent', '--pack-destination', work]
    const file = execFileSync('npm', ['pack', ...options, spec], { cwd: work, encoding: 'utf8' })
    return readFileSync(path.join(work, file.trim()))
  } finally {
    rmSync(work, { recursive: true })
  }
}

export const sha256Of = (content: Buffer) => createHash('sha256').update(content).digest('hex')

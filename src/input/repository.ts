import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { gitText } from '../files/git.ts'
import { ProgramError } from '../files/program.ts'
import { STDIN } from '../files/text.ts'
import type { Place } from '../policy/finding.ts'
import { lineHashes } from '../report/line-hashes.ts'

/** A repository of files. */
export interface Repository {
  readonly root: string
  /** The addresses of its remotes. */
  readonly urls: readonly string[]
}

/** Returns the nearest folder from here upwards that has a `.git`; the current folder without one. */
export function repositoryRoot(): string {
  return gitRoot(process.cwd()) ?? process.cwd()
}

/** Returns the nearest folder from a folder upwards that has a `.git`. */
export function gitRoot(from: string): string | undefined {
  for (let folder = path.resolve(from); ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, '.git'))) return folder
    if (folder === path.dirname(folder)) return undefined
  }
}

/** Returns the addresses of the remotes of a repository; none if git cannot tell. */
export async function remotesOf(root: string): Promise<string[]> {
  try {
    const listed = await gitText('-C', root, 'config', '--get-regexp', String.raw`^remote\..*\.url$`)
    return listed.split('\n').map((line) => line.slice(line.indexOf(' ') + 1))
  } catch (error) {
    if (error instanceof ProgramError) return []
    throw error
  }
}

/** Returns what the addresses of one repository have in common, whatever the protocol and the user. */
export function plainUrl(url: string): string {
  return url
    .trim()
    .toLowerCase()
    .replace(/^[a-z+]+:\/\//, '')
    .replace(/^[^/@]*@/, '')
    .replace(/^([^/:]+):(\d+\/)?/, '$1/')
    .replace(/\/$/, '')
    .replace(/\.git$/, '')
}

/** Returns the path of a file from the root of the repository, with slashes; an absolute path outside of it. */
export function pathInRepository(file: string, root: string): string {
  if (file === STDIN) return 'standard-input'
  const relative = path.relative(root, path.resolve(file))
  const isOutside = relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)
  return (isOutside ? path.resolve(file) : relative).replaceAll(path.sep, '/')
}

/** Reads the files of these places again, and returns GitHub's hash of each line; none for what is not a regular file. */
export async function hashesOf(places: readonly Place[]): Promise<(file: string, line: number) => string | undefined> {
  const hashes = new Map<string, Map<number, string>>()
  for (const [file, some] of Map.groupBy(places, ({ file }) => file)) {
    const isFile = file !== STDIN && (await stat(file).catch(() => undefined))?.isFile()
    const text = isFile ? await readFile(file, 'utf8').catch(() => undefined) : undefined
    if (text !== undefined) hashes.set(file, lineHashes(text, new Set(some.map(({ line }) => line))))
  }
  return (file, line) => hashes.get(file)?.get(line)
}

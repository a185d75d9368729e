import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { STDIN } from '../files/text.ts'
import type { Place } from '../policy/finding.ts'
import { lineHashes } from '../report/line-hashes.ts'

/** Returns the nearest folder from here upwards that has a `.git`; the current folder without one. */
export function repositoryRoot(): string {
  const here = process.cwd()
  for (let folder = here; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, '.git'))) return folder
    if (folder === path.dirname(folder)) return here
  }
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

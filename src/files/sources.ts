import { realpath, stat } from 'node:fs/promises'
import type { IsExcluded } from './glob.ts'
import { readFoundAtOnce, readNamed, STDIN } from './text.ts'
import { filesIn, type Templates } from './tree.ts'

/** A file that cannot be read: `place` is the file, with the line where it is known. */
export interface FileProblem {
  readonly place: string
  readonly message: string
}

/** A file to read, with its name for messages. */
export interface Source {
  readonly file: string
  readonly asked: string
  readonly origin: 'standard input' | 'pipe' | 'file' | 'folder' | 'kustomization'
  /** The path without links, which all names of a file share. */
  readonly real: string
  readonly read: () => Promise<Buffer> | Buffer
}

/** What a path leads to. */
interface Found {
  readonly sources: readonly Source[]
  readonly isFolder: boolean
  readonly templates: readonly Templates[]
  /** Folders that are left out. */
  readonly left: readonly FileProblem[]
  readonly problems: readonly FileProblem[]
}

/**
 * Returns what is read of a path: the file, the pipe or standard input itself, or the files of a folder.
 *
 * @throws Unreadable or an error of the file system
 */
export async function sourcesAt(asked: string, isExcluded: IsExcluded): Promise<Found> {
  const read = () => readNamed(asked)
  if (asked === STDIN) return only({ file: STDIN, asked, origin: 'standard input', real: STDIN, read })
  const stats = await stat(asked)
  if (stats.isDirectory()) return inFolder(asked, isExcluded)
  // What the shell hands over as standard input may have no path any more.
  const real = stats.isFile() ? await realpath(asked).catch(() => asked) : asked
  return only({ file: asked, asked, origin: stats.isFile() ? 'file' : 'pipe', real, read })
}

const only = (source: Source): Found => ({
  sources: [source],
  isFolder: false,
  templates: [],
  left: [],
  problems: [],
})

async function inFolder(asked: string, isExcluded: IsExcluded): Promise<Found> {
  const { files, skipped, others, templates } = await filesIn(asked, isExcluded)
  const problems = skipped.map(({ path, reason }) => ({
    place: path,
    message: `${reason}; to leave it out, use --exclude`,
  }))
  if (files.length + skipped.length + templates.length === 0)
    problems.push({ place: asked, message: 'there is no YAML or JSON file in this folder' })
  return {
    sources: files.map(({ path: file, real }) => ({
      file,
      asked,
      origin: 'folder',
      real,
      read: () => readFoundAtOnce(real),
    })),
    isFolder: true,
    templates,
    left: others.map((place) => ({ place, message: 'skipped: to read this folder, pass its path' })),
    problems,
  }
}

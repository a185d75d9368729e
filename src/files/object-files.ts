import { realpath, stat } from 'node:fs/promises'
import type { ObjectName } from '../policy/reference.ts'
import { DocumentError, wholeMemory } from './documents.ts'
import { type ObjectDocument, parseObjects } from './objects.ts'
import { decoded, readFound, readNamed, STDIN, unreadable } from './text.ts'
import { filesIn } from './tree.ts'

/** An object of a file. */
export interface FileObject extends ObjectDocument {
  /** The file as it was found, from the path that was asked for; `-` is standard input. */
  readonly file: string
  readonly name: ObjectName
}

/** A file that cannot be read: `place` is the file, with the line where it is known. */
export interface FileProblem {
  readonly place: string
  readonly message: string
}

/** The objects of files, and what could not be read. */
export interface FileObjects {
  readonly objects: readonly FileObject[]
  readonly problems: readonly FileProblem[]
  /** How many files were read. */
  readonly files: number
}

/** A file to read, by the name that it has in messages. */
interface Source {
  readonly file: string
  /** What two names of one file share. */
  readonly real: string
  readonly read: () => Promise<Buffer>
}

/**
 * Reads the objects of files, of folders with their subfolders, and of standard input. What cannot be read is told
 * beside what can, so that one broken file does not hide the others.
 *
 * @param namespace the namespace of objects that name none
 */
export async function readObjects(paths: readonly string[], namespace: string): Promise<FileObjects> {
  const problems: FileProblem[] = []
  const tell = (place: string, error: unknown) => {
    if (error instanceof DocumentError) problems.push({ place: `${place}:${error.line}`, message: error.message })
    else problems.push({ place, message: unreadable(error).message })
  }
  const sources = new Map<string, Source>()
  for (const path of paths) {
    try {
      for (const source of await sourcesAt(path, problems))
        if (!sources.has(source.real)) sources.set(source.real, source)
    } catch (error) {
      tell(path, error)
    }
  }
  const objects: FileObject[] = []
  const room = wholeMemory()
  for (const { file, read } of sources.values()) {
    try {
      const text = decoded(await read())
      for (const document of parseObjects(text, room))
        objects.push({ ...document, file, name: nameOf(document.object, namespace) })
    } catch (error) {
      tell(file, error)
    }
  }
  return { objects, problems, files: sources.size }
}

async function sourcesAt(place: string, problems: FileProblem[]): Promise<Source[]> {
  if (place === STDIN) return [{ file: STDIN, real: STDIN, read: () => readNamed(STDIN) }]
  const stats = await stat(place)
  if (!stats.isDirectory()) {
    // What the shell hands over as standard input may have no path any more.
    const real = stats.isFile() ? await realpath(place).catch(() => place) : place
    return [{ file: place, real, read: () => readNamed(place) }]
  }
  const { files, skipped } = await filesIn(place)
  for (const { path, reason } of skipped) problems.push({ place: path, message: reason })
  if (files.length === 0 && skipped.length === 0)
    problems.push({ place, message: 'there is no YAML or JSON file in this folder' })
  return files.map(({ path, real }) => ({ file: path, real, read: () => readFound(real) }))
}

/** What an object calls itself. Parts that are no text are as good as absent: no API server would take them. */
function nameOf({ apiVersion, kind, metadata }: Record<string, unknown>, absent: string): ObjectName {
  const { name, generateName, namespace } = (metadata ?? {}) as Record<string, unknown>
  const [group = '', version] = text(apiVersion).split('/', 2)
  return {
    group: version === undefined ? '' : group,
    kind: text(kind),
    namespace: text(namespace) || absent,
    name: text(name) || text(generateName),
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

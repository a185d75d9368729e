import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { ObjectName } from '../policy/reference.ts'
import { DocumentError, type ObjectDocument, parseObjects } from './documents.ts'

/** What `kubectl apply -f FOLDER` reads. */
const EXTENSIONS = new Set(['.yaml', '.yml', '.json'])

/** How standard input is called, as a path and in messages. */
const STDIN = '-'

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

/** The YAML and JSON files of a folder and its subfolders, in the order of their names. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && EXTENSIONS.has(path.extname(entry.name)))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
}

/**
 * Reads the objects of files, of folders with their subfolders, and of standard input. What cannot be read is told
 * beside what can, so that one broken file does not hide the others.
 *
 * @param namespace the namespace of objects that name none
 */
export function readObjects(paths: readonly string[], namespace: string): FileObjects {
  const problems: FileProblem[] = []
  const attempt = <T>(file: string, read: () => T[]): T[] => {
    try {
      return read()
    } catch (error) {
      const place = error instanceof DocumentError ? `${file}:${error.line}` : file
      problems.push({ place, message: (error as Error).message })
      return []
    }
  }
  const files = paths.flatMap((place) => attempt(place, () => filesAt(place)))
  const objects = [...new Set(files)].flatMap((file) => attempt(file, () => objectsOf(file, namespace)))
  return { objects, problems, files: new Set(files).size }
}

function filesAt(place: string): string[] {
  if (place === STDIN || !statSync(place).isDirectory()) return [place]
  const files = filesIn(place)
  if (files.length === 0) throw new Error('there is no YAML or JSON file in this folder')
  return files
}

function objectsOf(file: string, namespace: string): FileObject[] {
  const content = readFileSync(file === STDIN ? 0 : file, 'utf8')
  return parseObjects(content).map((document) => ({ ...document, file, name: nameOf(document.object, namespace) }))
}

/** What an object calls itself. Parts that are no text are as good as absent: no API server would take them. */
function nameOf({ apiVersion, kind, metadata }: Record<string, unknown>, absent: string): ObjectName {
  const { name, generateName, namespace } = (metadata ?? {}) as Record<string, unknown>
  const [group = '', version] = text(apiVersion).split('/')
  return {
    group: version === undefined ? '' : group,
    kind: text(kind),
    namespace: text(namespace) || absent,
    name: text(name) || text(generateName),
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

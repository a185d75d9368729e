import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import type { ObjectName } from '../policy/reference.ts'
import { holdYoungMemory } from '../system/young-memory.ts'
import { DocumentError, readDocumentsOf, type ValueDocument, ValueError, wholeMemory } from '../yaml/documents.ts'
import { type ObjectDocument, objectsOf } from '../yaml/objects.ts'
import { excludedBy, type IsExcluded } from './glob.ts'
import { type Kustomization, kustomizationIn, kustomizationOf } from './kustomize.ts'
import { nameOf, notText, text, unnamed } from './object-name.ts'
import { atTop, renderKustomization } from './rendering.ts'
import { decoded, readFound, readNamed, STDIN, unreadable } from './text.ts'
import { filesIn, type Templates } from './tree.ts'

/** An object of a file. */
export interface FileObject extends ObjectDocument {
  /** The file as it was found, from the path that was asked for; `-` is standard input. */
  readonly file: string
  /** The path that was asked for. */
  readonly asked: string
  readonly name: ObjectName
  /** Whether the file gives its namespace. */
  readonly hasNamespace: boolean
  /** The kustomization that calls the object's file a patch, if it was found in a folder. */
  readonly patchOf?: string | undefined
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
  /** The folders among the paths that were asked for. */
  readonly folders: readonly string[]
  /** What was left out, in words that follow its place. */
  readonly left: readonly FileProblem[]
  /** Documents that are no objects of Kubernetes. */
  readonly others: number
  readonly kustomizations: readonly Kustomization[]
  readonly templates: readonly Templates[]
  /** Files that say when they were read from a cluster, with that text. */
  readonly snapshots: readonly { readonly file: string; readonly taken: string }[]
}

/** A file to read, with its name for messages. */
interface Source {
  readonly file: string
  readonly asked: string
  readonly origin: 'standard input' | 'pipe' | 'file' | 'folder' | 'kustomization'
  /** The path without links, which all names of a file share. */
  readonly real: string
  readonly read: () => Promise<Buffer>
}

/**
 * Reads the objects of files, of folders with their subfolders, and of standard input. Unreadable files
 * are reported with the objects of the others, so that one broken file does not hide them.
 *
 * @param command the name of the command that reads them, such as `check`
 * @param namespace the namespace of objects that name none
 * @param exclude globs of what is left out of folders
 * @param kustomization a folder of which Kustomize's output is read
 * @throws Failure if a glob has a form that is not supported
 */
export async function readObjects(
  paths: readonly string[],
  command: string,
  namespace: string,
  exclude: readonly string[] = [],
  kustomization?: string,
): Promise<FileObjects> {
  const reading = new Reading(command, namespace, exclude)
  for (const path of paths) await reading.find(path)
  if (kustomization !== undefined) reading.render(kustomization)
  await reading.readAll()
  return reading
}

/** Errors for empty inputs that were named, so that a failed program does not look like success. */
const NOTHING = {
  'standard input': 'standard input holds no Kubernetes object: the command that writes it may have failed',
  pipe: 'holds no Kubernetes object: the command that writes it may have failed',
  file: 'is empty, or holds nothing but comments',
  folder: '',
  kustomization: 'its rendering holds no Kubernetes object',
}

/** The comment at the beginning of a snapshot. */
const SNAPSHOT = /^# refgrant snapshot: (.*)/

class Reading implements FileObjects {
  objects: FileObject[] = []
  readonly problems: FileProblem[] = []
  readonly left: FileProblem[] = []
  readonly folders: string[] = []
  readonly kustomizations: Kustomization[] = []
  readonly templates: Templates[] = []
  readonly snapshots: { file: string; taken: string }[] = []
  others = 0
  files = 0
  readonly #command: string
  readonly #namespace: string
  readonly #isExcluded: IsExcluded
  readonly #sources = new Map<string, Source>()
  readonly #room = wholeMemory()

  constructor(command: string, namespace: string, exclude: readonly string[]) {
    this.#command = command
    this.#namespace = namespace
    this.#isExcluded = excludedBy(exclude)
  }

  async find(asked: string): Promise<void> {
    try {
      for (const source of await this.#sourcesAt(asked))
        if (!this.#sources.has(source.real)) this.#sources.set(source.real, source)
      this.files = this.#sources.size
    } catch (error) {
      this.#tell(asked, error)
    }
  }

  render(asked: string): void {
    const file = kustomizationIn(asked) ?? asked
    this.folders.push(asked)
    const read = () => renderKustomization(asked)
    this.#sources.set(`${asked} rendered`, { file, asked, origin: 'kustomization', real: file, read })
    this.files = this.#sources.size
  }

  async #sourcesAt(asked: string): Promise<Source[]> {
    if (asked === STDIN)
      return [{ file: STDIN, asked, origin: 'standard input', real: STDIN, read: () => readNamed(STDIN) }]
    const stats = await stat(asked)
    if (!stats.isDirectory()) {
      // What the shell hands over as standard input may have no path any more.
      const real = stats.isFile() ? await realpath(asked).catch(() => asked) : asked
      const origin = stats.isFile() ? 'file' : 'pipe'
      return [{ file: asked, asked, origin, real, read: () => readNamed(asked) }]
    }
    this.folders.push(asked)
    const { files, skipped, others, templates } = await filesIn(asked, this.#isExcluded)
    this.templates.push(...templates)
    for (const place of others) this.left.push({ place, message: 'skipped: to read this folder, pass its path' })
    for (const { path, reason } of skipped)
      this.problems.push({ place: path, message: `${reason}; to leave it out, use --exclude` })
    if (files.length === 0 && skipped.length === 0 && templates.length === 0)
      this.problems.push({ place: asked, message: 'there is no YAML or JSON file in this folder' })
    return files.map(({ path, real }) => ({
      file: path,
      asked,
      origin: 'folder',
      real,
      read: () => readFound(real),
    }))
  }

  async readAll(): Promise<void> {
    for (const source of this.#sources.values()) {
      let text = ''
      try {
        text = decoded(await source.read())
        const taken = SNAPSHOT.exec(text)?.[1]
        if (taken !== undefined) this.snapshots.push({ file: source.file, taken })
        this.#take(source, this.#documentsOf(text))
      } catch (error) {
        const isFile = source.origin === 'file' || source.origin === 'folder'
        if (isFile && error instanceof ValueError && !mayHoldObject(text))
          this.left.push({ place: source.file, message: 'holds no Kubernetes object, and is left out' })
        else this.#tell(source.file, error, text.includes('{{') ? this.#templateHint() : '')
      }
    }
    this.#markPatches()
  }

  #documentsOf(text: string): ValueDocument[] {
    const documents: ValueDocument[] = []
    for (const one of readDocumentsOf(text, this.#room)) {
      if (one) documents.push(one)
      else holdYoungMemory()
    }
    return documents
  }

  #take(source: Source, documents: readonly ValueDocument[]): void {
    const { file, origin } = source
    let read = false
    for (const document of documents) {
      const kustomization = kustomizationOf(document.value, file)
      if (kustomization) this.kustomizations.push(kustomization)
      const objects = kustomization ? undefined : objectsOf(document)
      for (const object of objects ?? []) this.#takeObject(source, origin === 'kustomization' ? atTop(object) : object)
      if (!objects && !kustomization) this.others += 1
      read ||= objects !== undefined
    }
    const isMissing = origin === 'file' ? documents.length === 0 : origin !== 'folder' && !read
    if (isMissing) this.problems.push({ place: file, message: NOTHING[origin] })
  }

  #takeObject({ file, asked }: Source, document: ObjectDocument): void {
    const place = (field: string) => `${file}:${document.lineOf(field)}`
    const wrong = notText(document.object)
    if (wrong) {
      const field = wrong.replace('a value of ', '')
      this.problems.push({ place: place(field), message: `${wrong} is not a string` })
      return
    }
    const name = nameOf(document.object, this.#namespace)
    if (name.name === '') {
      this.left.push({ place: place('metadata'), message: unnamed(document.object) })
      return
    }
    const { namespace } = (document.object.metadata ?? {}) as Record<string, unknown>
    this.objects.push({ ...document, file, asked, name, hasNamespace: text(namespace) !== '' })
  }

  /** What a kustomization calls a patch is a part of an object of another file, unless it is a resource as well. */
  #markPatches(): void {
    const patches = new Map(this.kustomizations.flatMap((one) => one.patches.map((patch) => [patch, one.file])))
    for (const resource of this.kustomizations.flatMap(({ resources }) => resources)) patches.delete(resource)
    if (patches.size === 0) return
    const found = new Set(
      [...this.#sources.values()].filter(({ origin }) => origin === 'folder').map(({ file }) => file),
    )
    this.objects = this.objects.map((one) =>
      found.has(one.file) ? { ...one, patchOf: patches.get(path.normalize(one.file)) } : one,
    )
  }

  #templateHint(): string {
    return `; to read a template of Helm, render it: helm template CHART | refgrant ${this.#command} -`
  }

  /** @param hint what may help with a text that is not well-formed */
  #tell(place: string, error: unknown, hint = ''): void {
    if (error instanceof DocumentError)
      this.problems.push({ place: `${place}:${error.line}`, message: `${error.message}${hint}` })
    else this.problems.push({ place, message: unreadable(error).message })
  }
}

/** Whether a text that is YAML has the field `kind` somewhere, which may also be written with escapes or in base64. */
const mayHoldObject = (text: string) => /kind|\\|!!?binary|tag:yaml|%TAG/.test(text)

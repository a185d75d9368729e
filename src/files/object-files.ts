import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { ObjectName } from '../policy/reference.ts'
import { PROGRAM } from '../system/program.ts'
import { holdYoungMemory } from '../system/young-memory.ts'
import { counted } from '../wording/counted.ts'
import { readingCommand } from '../wording/shell.ts'
import { DocumentError, readDocumentsOf, type ValueDocument, ValueError, wholeMemory } from '../yaml/documents.ts'
import { type ObjectDocument, objectsOf } from '../yaml/objects.ts'
import { excludedBy, type IsExcluded } from './glob.ts'
import { type Kustomization, kustomizationIn, kustomizationOf } from './kustomize.ts'
import { isReport, nameOf, notText, text, unnamed } from './object-name.ts'
import { atTop, renderKustomization } from './rendering.ts'
import { type FileProblem, type Source, sourcesAt } from './sources.ts'
import { decoded, STDIN, unreadable } from './text.ts'
import type { Templates } from './tree.ts'

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

/** The objects of files, and what could not be read. */
export interface FileObjects {
  readonly objects: readonly FileObject[]
  readonly problems: readonly FileProblem[]
  /** How many files were read. */
  readonly files: number
  /** The files that were named, hold an object or a kustomization, or could not be read; no reports of refgrant in folders. */
  readonly inputs: readonly string[]
  /** The folders among the paths that were asked for. */
  readonly folders: readonly string[]
  /** What was left out, in words that follow its place. */
  readonly left: readonly FileProblem[]
  /** The globs that left out something. */
  readonly used: ReadonlySet<string>
  /** Documents that are no objects of Kubernetes. */
  readonly others: number
  readonly kustomizations: readonly Kustomization[]
  readonly templates: readonly Templates[]
  /** Files that say when they were read from a cluster, with that text. */
  readonly snapshots: readonly { readonly file: string; readonly taken: string }[]
}

/** How files are read. */
interface How {
  /** The name of the command that reads them, such as `check`. */
  readonly command: string
  /** The namespace of objects that name none. */
  readonly namespace: string
  /** Globs of what is left out of folders. */
  readonly exclude?: readonly string[]
  /** Called with what is read, again and again. */
  readonly tell?: (what: string) => void
}

/**
 * Reads the objects of files, of folders with their subfolders, and of standard input. Unreadable files
 * are reported with the objects of the others, so that one broken file does not hide them.
 *
 * @throws Failure if a glob has a form that is not supported
 */
export async function readObjects(
  paths: readonly string[],
  { kustomization, ...how }: How & { readonly kustomization?: string | undefined },
): Promise<FileObjects> {
  const reading = new Reading(how)
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

/** How many files are read before a signal that arrived meanwhile is handled: some ten milliseconds of work. */
const TURN = 100

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
  readonly inputs: string[] = []
  readonly used = new Set<string>()
  /** How many files were begun. */
  #read = 0
  readonly #how: How
  readonly #isExcluded: IsExcluded
  readonly #sources = new Map<string, Source>()
  readonly #room = wholeMemory()

  constructor(how: How) {
    this.#how = how
    this.#isExcluded = excludedBy(how.exclude ?? [], this.used)
  }

  async find(asked: string): Promise<void> {
    try {
      this.#how.tell?.(`looking for files in ${asked}`)
      const found = await sourcesAt(asked, this.#isExcluded)
      for (const source of found.sources) if (!this.#sources.has(source.real)) this.#sources.set(source.real, source)
      if (found.isFolder) this.folders.push(asked)
      // A call takes only some 100,000 arguments, and a folder may have more of these.
      for (const one of found.templates) this.templates.push(one)
      for (const one of found.left) this.left.push(one)
      for (const one of found.problems) this.problems.push(one)
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

  async readAll(): Promise<void> {
    for (const source of this.#sources.values()) {
      this.#read += 1
      if (this.#read % TURN === 0) await setImmediate()
      let text = ''
      try {
        this.#tellReading(source, 0)
        text = decoded(await source.read())
        const taken = SNAPSHOT.exec(text)?.[1]
        if (taken !== undefined) this.snapshots.push({ file: source.file, taken })
        this.#take(source, this.#documentsOf(source, text))
      } catch (error) {
        const isFile = source.origin === 'file' || source.origin === 'folder'
        if (isFile && error instanceof ValueError && !mayHoldObject(text))
          this.left.push({ place: source.file, message: 'holds no Kubernetes object, and is left out' })
        else {
          this.inputs.push(source.file)
          this.#tell(source.file, error, text.includes('{{') ? this.#templateHint() : '')
        }
      }
    }
    this.#markPatches()
  }

  #documentsOf(source: Source, text: string): ValueDocument[] {
    const documents: ValueDocument[] = []
    for (const one of readDocumentsOf(text, this.#room)) {
      if (one) documents.push(one)
      else {
        holdYoungMemory()
        this.#tellReading(source, documents.length)
      }
    }
    return documents
  }

  #take(source: Source, documents: readonly ValueDocument[]): void {
    const { file, origin } = source
    let read = false
    // A report of the last run may be in the folder, and is replaced.
    let isInput = origin !== 'folder'
    for (const document of documents) {
      const kustomization = kustomizationOf(document.value, file)
      if (kustomization) this.kustomizations.push(kustomization)
      const objects = kustomization ? undefined : objectsOf(document)
      for (const object of objects ?? []) this.#takeObject(source, origin === 'kustomization' ? atTop(object) : object)
      if (!objects && !kustomization) this.others += 1
      read ||= objects !== undefined
      isInput ||= kustomization !== undefined || objects?.some(({ object }) => !isReport(object)) === true
    }
    if (isInput) this.inputs.push(file)
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
    const name = nameOf(document.object, this.#how.namespace)
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

  #tellReading({ file }: Source, documents: number): void {
    const of = this.files > 1 ? ` (${this.#read} of ${this.files} files)` : ''
    this.#how.tell?.(`reading ${file}${of}${documents > 0 ? `, ${counted(documents, 'document')}` : ''}`)
  }

  #templateHint(): string {
    return `; to read a template of Helm, render it: helm template CHART | ${readingCommand(PROGRAM, this.#how.command, STDIN)}`
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

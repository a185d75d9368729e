import { createHash } from 'node:crypto'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type FreshGrants, type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import type { Grant } from '../policy/grant.ts'
import { lookupIn } from '../policy/grant-index.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import { DocumentError, readObjectsOf } from './documents.ts'
import { grantOf } from './grant-files.ts'
import { readFound, unreadable } from './text.ts'
import { type FoundFile, filesIn, type Tree } from './tree.ts'

/**
 * How often the folder is looked at, in ms. It is not watched: editors, links and mounted volumes change files in ways
 * that file systems tell of differently, or not at all.
 */
const LOOK = 1_000

/** How long the event loop may be busy with files before reviews have their turn, in ms. */
const SLICE = 10

/**
 * Tokens of YAML in one document (see documents.ts), about 1 MB of text: the library composes a document at one go, in
 * about a second for so many.
 */
const MOST_TOKENS = 500_000

/**
 * How old the last change of a file must be, in ms, so that its times prove that it has not changed since it was read.
 * File systems count in steps: some milliseconds, two seconds on FAT.
 */
const SETTLED = 3_000

/** What is known of a file. */
interface GrantFile {
  /** Which state of the file was read: times, size and inode; undefined if it may not tell a later change. */
  readonly state: string | undefined
  /** What was read; undefined if it could not be read. */
  readonly digest: string | undefined
  /** Why it says nothing; undefined if it can be read. */
  readonly problem: string | undefined
  /** The grants of the last content that could be read. */
  readonly grants: readonly Grant[]
}

interface GrantFolderOptions {
  readonly folder: string
  /** The kinds that count as grants. */
  readonly kinds: readonly GrantKind[]
  readonly logger: Logger
  /** A monotonic clock, in ms. */
  readonly now: () => number
  /** Age beyond which the grants are judged by no more, in ms. */
  readonly knowledgeAge: number
}

/**
 * The ReferenceGrants of a folder, which is compared each second and before each refusal. A file that cannot be read any
 * more is logged, once for each state it is in, and what it last said stays in force; a deleted file takes its grants
 * along. Of grants with one name, the one in the file whose path sorts last counts, and in a file the last one.
 *
 * While the folder itself cannot be read, what is known grows old.
 */
export class GrantFolder implements GrantSource {
  #lookup = lookupIn([])
  #grants: readonly Grant[] = []
  readonly #options: GrantFolderOptions
  #knowledgeAge: number
  #files = new Map<string, GrantFile>()
  #skipped = new Map<string, string>()
  #problem: string | undefined
  #completeAt = Number.NEGATIVE_INFINITY
  /** The look that is under way, and the one that begins after it. */
  #looking: Promise<void> | undefined
  #next: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Files whose content was read, since the start. */
  reads = 0

  private constructor(options: GrantFolderOptions) {
    this.#options = options
    this.#knowledgeAge = options.knowledgeAge
  }

  /**
   * Reads a folder for the first time.
   *
   * @throws Unreadable if the folder cannot be read
   */
  static async open(options: GrantFolderOptions): Promise<GrantFolder> {
    const folder = new GrantFolder(options)
    await folder.#read()
    return folder
  }

  /** Follows the folder until `close`. */
  watch(): void {
    const look = async () => {
      await this.#look()
      // Only now, so that two looks never overlap.
      if (this.#timer) this.#timer = setTimeout(look, LOOK).unref()
    }
    this.#timer = setTimeout(look, LOOK).unref()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Takes another bound of the age from now on, in ms. */
  limit(knowledgeAge: number): void {
    this.#knowledgeAge = knowledgeAge
  }

  /** Time since the last look that could read the folder began, in ms. */
  get age(): number {
    return this.#options.now() - this.#completeAt
  }

  /** The grants in force. */
  get grants(): readonly Grant[] {
    return this.#grants
  }

  cached() {
    return { grants: this.#lookup, current: this.age <= this.#knowledgeAge }
  }

  /** Looks at the folder once more; that costs the cluster nothing, so every namespace is read. */
  async fresh(namespaces: readonly string[], _referrer: string, signal: AbortSignal): Promise<FreshGrants> {
    await Promise.race([this.#look(), aborted(signal)])
    if (this.#problem !== undefined) throw new LookupFailed(FAILED)
    return { grants: this.#lookup, read: new Set(namespaces) }
  }

  /** A look that begins after this call; all who ask before it begins share it. Failures are logged. */
  #look(): Promise<void> {
    this.#next ??= (this.#looking ?? Promise.resolve()).then(() => {
      this.#looking = this.#next
      this.#next = undefined
      return this.#tryToRead()
    })
    return this.#next
  }

  async #tryToRead(): Promise<void> {
    const { logger, folder } = this.#options
    try {
      await this.#read()
      if (this.#problem !== undefined) logger.info({ folder }, 'the folder can be read again')
      this.#problem = undefined
    } catch (error) {
      const reason = unreadable(error).message
      if (reason !== this.#problem) logger.error({ folder, reason }, 'cannot read the folder; its grants grow old')
      this.#problem = reason
    }
  }

  async #read(): Promise<void> {
    const { folder, now, logger } = this.#options
    const began = { at: now(), date: Date.now() }
    const tree = await filesIn(folder)
    this.#tellSkipped(tree)
    const before = this.#files
    const files = new Map<string, GrantFile>()
    const slices = new Slices(now)
    for (const file of tree.files) {
      const known = before.get(file.path)
      const state = stateOf(file)
      const isSettled = began.date - lastChange(file) > SETTLED
      const read = known?.state === state ? known : await this.#readFile(file, known, slices)
      files.set(file.path, { ...read, state: isSettled && read.digest !== undefined ? state : undefined })
      await slices.rest()
    }
    for (const [file, known] of before) if (!files.has(file) && this.#isSkipped(file)) files.set(file, known)
    this.#files = files
    this.#completeAt = began.at
    const same =
      files.size === before.size && [...files].every(([file, { grants }]) => before.get(file)?.grants === grants)
    if (same) return
    const inOrder = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
    this.#grants = inOrder.flatMap(([, { grants }]) => grants)
    this.#lookup = lookupIn(this.#grants)
    logger.info({ folder, files: files.size, grants: this.#grants.length }, 'grants read')
  }

  /** Whether a file, or a folder that it is in, is there and cannot be read. */
  #isSkipped(place: string): boolean {
    if (place.length < this.#options.folder.length) return false
    return this.#skipped.has(place) || this.#isSkipped(path.dirname(place))
  }

  #tellSkipped({ skipped }: Tree): void {
    const before = this.#skipped
    this.#skipped = new Map(skipped.map(({ path, reason }) => [path, reason]))
    for (const [place, reason] of this.#skipped)
      if (before.get(place) !== reason)
        this.#options.logger.error({ place, reason }, 'cannot read this; what it last said stays in force')
  }

  async #readFile(file: FoundFile, before: GrantFile | undefined, slices: Slices): Promise<Omit<GrantFile, 'state'>> {
    const grants = before?.grants ?? []
    let digest: string | undefined
    try {
      this.reads += 1
      const content = await readFound(file.real)
      digest = createHash('sha256').update(content).digest('hex')
      if (before && digest === before.digest) return before
      return { digest, problem: undefined, grants: await this.#grantsOf(content.toString('utf8'), slices) }
    } catch (error) {
      const place = error instanceof DocumentError ? `${file.path}:${error.line}` : file.path
      const problem = error instanceof DocumentError ? error.message : unreadable(error).message
      if (before?.digest !== digest || before?.problem !== problem)
        this.#options.logger.error(
          { place, reason: problem, kept: grants.length },
          'cannot read a file; its last grants stay in force',
        )
      return { digest, problem, grants }
    }
  }

  async #grantsOf(text: string, slices: Slices): Promise<Grant[]> {
    const grants: Grant[] = []
    const room = { tokens: MOST_TOKENS, remedy: 'divide it into documents, with ---' }
    for (const document of readObjectsOf(text, room)) {
      if (document) room.tokens = MOST_TOKENS
      const grant = document && grantOf(document, this.#options.kinds)
      if (grant) grants.push(grant)
      await slices.rest()
    }
    return grants
  }
}

/** What the requester is told: no path of the server. */
const FAILED = 'the folder of grants could not be read'

/** Lets others have their turn when this has been busy for a slice. */
class Slices {
  readonly #now: () => number
  #since: number

  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  async rest(): Promise<void> {
    if (this.#now() - this.#since < SLICE) return
    await setImmediate()
    this.#since = this.#now()
  }
}

/** What changes when a file is written, replaced or renamed. */
function stateOf({ real, stats }: FoundFile): string {
  return [real, stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
}

/** When a file last changed, in ms since 1970. */
function lastChange({ stats: { mtimeNs, ctimeNs } }: FoundFile): number {
  return Number(ctimeNs > mtimeNs ? ctimeNs : mtimeNs) / 1e6
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(new LookupFailed('the folder of grants was not read in time'))
    if (signal.aborted) fail()
    signal.addEventListener('abort', fail, { once: true })
  })
}

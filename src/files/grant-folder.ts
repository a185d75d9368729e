import path from 'node:path'
import type { Logger } from 'pino'
import { type GrantPlace, type GrantSource, LookupFailed } from '../admission/grant-source.ts'
import type { Grant } from '../policy/grant.ts'
import { lookupIn } from '../policy/grant-index.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import type { GrantLookup } from '../policy/grant-lookup.ts'
import { unlessAborted } from '../system/unless-aborted.ts'
import { NO_LOOKUP } from '../wording/unavailable.ts'
import { type GrantFile, readGrantFile, Slices } from './grant-file.ts'
import { unreadable } from './text.ts'
import { type FoundFile, filesIn, kubectlOrder, type Tree } from './tree.ts'

/**
 * How old the last change of a file must be, in ms, so that its times prove that it has not changed since it was read.
 * File systems count in steps: some milliseconds, two seconds on FAT.
 */
const SETTLED = 3_000

/** A file with the state in which it was read: times, size and inode; undefined if they cannot reveal a later change. */
type KnownFile = GrantFile & { readonly state: string | undefined }

interface GrantFolderOptions {
  readonly folder: string
  /** The kinds that count as grants. */
  readonly kinds: readonly GrantKind[]
  readonly logger: Logger
  /** A monotonic clock, in ms. */
  readonly now: () => number
  /** The age beyond which the grants are stale, in ms. */
  readonly knowledgeAge: number
}

/**
 * The ReferenceGrants of a folder. It is compared each second and before each refusal. If a file cannot be read, this is
 * logged once for each state of the file, and the last grants of the file stay in force. If a file is deleted, its grants
 * are removed. Of grants with one name, the one in the file that kubectl reads last counts, and in a file the last one.
 *
 * While the folder itself cannot be read, the cached grants become stale.
 */
export class GrantFolder implements GrantSource {
  #lookup = lookupIn([])
  #grants: readonly Grant[] = []
  readonly #options: GrantFolderOptions
  #knowledgeAge: number
  #files = new Map<string, KnownFile>()
  #skipped = new Map<string, string>()
  /** The folders of templates that were logged. */
  readonly #templates = new Set<string>()
  #problem: string | undefined
  #completeAt = Number.NEGATIVE_INFINITY
  /** The look in progress, and the one after it. */
  #looking: Promise<void> | undefined
  #next: Promise<void> | undefined
  /** The number of file reads since the start. */
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

  /** Changes the age beyond which the grants are stale, in ms. */
  limit(knowledgeAge: number): void {
    this.#knowledgeAge = knowledgeAge
  }

  /** The time since the beginning of the last successful look, in ms. */
  get age(): number {
    return this.#options.now() - this.#completeAt
  }

  /** The grants in force. */
  get grants(): readonly Grant[] {
    return this.#grants
  }

  /** The number of files and folders that cannot be read; their last grants stay in force. */
  get unreadable(): number {
    const wrong = [...this.#files].filter(([file, { problem }]) => problem && !this.#isSkipped(file))
    return this.#skipped.size + wrong.length
  }

  cached() {
    return { grants: this.#lookup, current: this.age <= this.#knowledgeAge }
  }

  /** Looks at the folder again. That costs the cluster nothing, so it answers for every namespace. */
  async fresh(
    places: readonly GrantPlace[],
    _referrer: string,
    received: (namespace: string, grants: GrantLookup) => void,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await unlessAborted(signal, this.look())
    } catch (error) {
      throw new LookupFailed(NO_LOOKUP.lateFolder, { cause: error })
    }
    if (this.#problem !== undefined) throw new LookupFailed(NO_LOOKUP.unreadableFolder)
    for (const { namespace } of places) received(namespace, this.#lookup)
  }

  /**
   * Compares the folder in a look that begins after this call. Callers share a look that has not begun yet. Logs a failure
   * and does not throw it. Does not watch the folder: file systems report the changes of editors, links and mounted
   * volumes differently, or not at all.
   */
  look(): Promise<void> {
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
      if (this.#problem !== undefined) logger.info({ folder }, 'the grants folder can be read again')
      this.#problem = undefined
    } catch (error) {
      const reason = unreadable(error).message
      if (reason !== this.#problem)
        logger.error({ folder, reason }, 'cannot read the grants folder; the cached grants become stale')
      this.#problem = reason
    }
  }

  async #read(): Promise<void> {
    const { folder, now, logger } = this.#options
    const began = { at: now(), date: Date.now() }
    const tree = await filesIn(folder)
    this.#tellSkipped(tree)
    const before = this.#files
    const files = new Map<string, KnownFile>()
    const slices = new Slices(now)
    for (const file of tree.files) {
      const known = before.get(file.path)
      const state = stateOf(file)
      const isSettled = began.date - lastChange(file) > SETTLED
      const read = known?.state === state ? known : await this.#readFile(file, known, slices)
      if (read) files.set(file.path, { ...read, state: isSettled && read.digest !== undefined ? state : undefined })
      await slices.rest()
    }
    for (const [file, known] of before) if (!files.has(file) && this.#isSkipped(file)) files.set(file, known)
    this.#files = files
    this.#completeAt = began.at
    const same =
      files.size === before.size && [...files].every(([file, { grants }]) => before.get(file)?.grants === grants)
    if (same) return
    const inOrder = [...files].sort(([a], [b]) => kubectlOrder(a, b))
    this.#grants = inOrder.flatMap(([, { grants }]) => grants)
    this.#lookup = lookupIn(this.#grants)
    logger.info({ folder, files: files.size, grants: this.#grants.length }, 'loaded the grants')
  }

  /** Whether a file or one of its folders exists but cannot be read. */
  #isSkipped(place: string): boolean {
    const enclosing = path.dirname(place)
    return this.#skipped.has(place) || (enclosing !== place && this.#isSkipped(enclosing))
  }

  #tellSkipped({ skipped, templates }: Tree): void {
    for (const { path: place } of templates) {
      if (!this.#templates.has(place)) this.#options.logger.warn({ place }, 'skipped Helm templates')
      this.#templates.add(place)
    }
    const before = this.#skipped
    this.#skipped = new Map(skipped.map(({ path, reason }) => [path, reason]))
    for (const [place, reason] of this.#skipped)
      if (before.get(place) !== reason)
        this.#options.logger.error({ place, reason }, 'cannot read a file or folder; its last grants stay in force')
  }

  async #readFile(file: FoundFile, before: GrantFile | undefined, slices: Slices): Promise<GrantFile | undefined> {
    this.reads += 1
    const read = await readGrantFile(file, before, this.#options.kinds, slices)
    if (!read) return undefined
    const isNew = read.digest !== before?.digest || read.problem?.reason !== before?.problem?.reason
    if (read.problem && isNew)
      this.#options.logger.error(
        { ...read.problem, kept: read.grants.length },
        read.grants.length > 0
          ? 'cannot read a file; its last grants stay in force'
          : 'cannot read a file; none of its grants is in force',
      )
    if (read !== before) this.#logRefused(read)
    return read
  }

  #logRefused({ refused: { first, count } }: GrantFile): void {
    const { logger } = this.#options
    for (const refused of first) logger.error(refused, 'ignored a grant that the API server would reject')
    if (count > first.length) logger.error({ more: count - first.length }, 'ignored more grants of this file')
  }
}

/** Returns what changes when a file is written, replaced or renamed. */
function stateOf({ real, stats }: FoundFile): string {
  return [real, stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
}

/** Returns when a file last changed, in ms since 1970. */
function lastChange({ stats: { mtimeNs, ctimeNs } }: FoundFile): number {
  return Number(ctimeNs > mtimeNs ? ctimeNs : mtimeNs) / 1e6
}

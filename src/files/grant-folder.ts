import { type FSWatcher, readFileSync, watch } from 'node:fs'
import type { Logger } from 'pino'
import type { FreshGrants, GrantSource } from '../admission/grant-source.ts'
import type { Grant } from '../policy/grant.ts'
import { lookupIn } from '../policy/grant-index.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import { DocumentError } from './documents.ts'
import { parseGrantText } from './grant-files.ts'
import { filesIn } from './object-files.ts'

interface GrantFile {
  readonly text: string
  /** Why it cannot be read; undefined if it can. */
  readonly problem?: string
  /** The grants of the last text that could be read. */
  readonly grants: readonly Grant[]
}

/**
 * The ReferenceGrants of a folder, read again when anything in it changes. A file that cannot be read any more is
 * reported, once for each state it is in, and what it last said stays in force; a deleted file takes its grants along.
 */
export class GrantFolder implements GrantSource {
  #grants: readonly Grant[] = []
  #lookup = lookupIn([])
  readonly #folder: string
  readonly #kinds: readonly GrantKind[]
  readonly #logger: Logger
  #files = new Map<string, GrantFile>()
  #watcher: FSWatcher | undefined

  /**
   * @param kinds the kinds that count as grants
   * @throws Error if the folder cannot be read
   */
  constructor(folder: string, kinds: readonly GrantKind[], logger: Logger) {
    this.#folder = folder
    this.#kinds = kinds
    this.#logger = logger
    this.#read()
  }

  /** Follows the folder until `close`. */
  watch(): void {
    this.#watcher = watch(this.#folder, { recursive: true }, () => this.#refresh())
    this.#watcher.on('error', (error) =>
      this.#logger.error({ err: error, folder: this.#folder }, 'cannot watch the folder'),
    )
  }

  close(): void {
    this.#watcher?.close()
  }

  /** The grants in force. */
  get grants(): readonly Grant[] {
    return this.#grants
  }

  cached() {
    return { grants: this.#lookup, current: true }
  }

  /** Reads the folder again; reading files costs nobody anything, so every namespace is read. */
  async fresh(namespaces: readonly string[]): Promise<FreshGrants> {
    this.#refresh()
    return { grants: this.#lookup, read: new Set(namespaces) }
  }

  #refresh(): void {
    try {
      this.#read()
    } catch (error) {
      this.#logger.error({ err: error, folder: this.#folder }, 'cannot read the folder; its last grants stay in force')
    }
  }

  #read(): void {
    const before = this.#files
    this.#files = new Map(filesIn(this.#folder).map((file) => [file, this.#readFile(file, before.get(file))]))
    const changed =
      this.#files.size !== before.size || [...this.#files].some(([file, state]) => before.get(file) !== state)
    if (!changed) return
    this.#grants = [...this.#files.values()].flatMap((file) => file.grants)
    this.#lookup = lookupIn(this.#grants)
    this.#logger.info({ folder: this.#folder, files: this.#files.size, grants: this.#grants.length }, 'grants read')
  }

  #readFile(file: string, before: GrantFile | undefined): GrantFile {
    const kept = before?.grants ?? []
    let text = before?.text ?? ''
    try {
      text = readFileSync(file, 'utf8')
      return text === before?.text ? before : { text, grants: parseGrantText(text, this.#kinds) }
    } catch (error) {
      const place = error instanceof DocumentError ? `${file}:${error.line}` : file
      const reason = (error as Error).message
      if (before?.text === text && before.problem === reason) return before
      this.#logger.error({ place, reason, kept: kept.length }, 'cannot read a file; its last grants stay in force')
      return { text, problem: reason, grants: kept }
    }
  }
}

import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Grant } from '../policy/grant.ts'
import type { GrantKind } from '../policy/grant-kinds.ts'
import { DocumentError } from '../yaml/documents.ts'
import { readObjectsOf } from '../yaml/objects.ts'
import { grantOf } from './grant-files.ts'
import { decoded, isGone, readFound, unreadable } from './text.ts'
import type { FoundFile } from './tree.ts'

/** The maximum time of a slice of reading, after which reviews have their turn, in ms. */
const SLICE = 10

/**
 * Tokens of YAML in one document (see documents.ts), about 1 MB of text: the library composes a document at one go, in
 * about a second for so many.
 */
const MOST_TOKENS = 500_000

/** The state of a file. */
export interface GrantFile {
  /** The digest of the content; undefined if the file could not be read. */
  readonly digest: string | undefined
  /** Why the new content was rejected. */
  readonly problem?: Place
  /** The grants of the last content that could be read, without those that the API server rejects. */
  readonly grants: readonly Grant[]
  /** The first grants that the API server rejects, and how many there are. */
  readonly refused: { readonly first: readonly Place[]; readonly count: number }
}

/** A place in a file, `FILE:LINE` where the line is known, and what is wrong there. */
interface Place {
  readonly place: string
  readonly reason: string
}

/** The refused grants of a file that are logged; a file may hold thousands. */
const LOGGED = 10

const NONE_REFUSED = { first: [], count: 0 }

/**
 * Reads a file in slices. If that fails, keeps the grants of the last readable content.
 *
 * @param before the last state of the file; returned if the content is the same
 * @param kinds the kinds that count as grants
 * @returns undefined if the file does not exist
 */
export async function readGrantFile(
  { path, real }: FoundFile,
  before: GrantFile | undefined,
  kinds: readonly GrantKind[],
  slices: Slices,
): Promise<GrantFile | undefined> {
  let digest: string | undefined
  try {
    const content = await readFound(real)
    digest = createHash('sha256').update(content).digest('hex')
    if (before && digest === before.digest) return before
    return { digest, ...(await grantsOf(path, decoded(content), kinds, slices)) }
  } catch (error) {
    if (isGone(error)) return undefined
    const problem =
      error instanceof DocumentError
        ? { place: `${path}:${error.line}`, reason: error.message }
        : { place: path, reason: unreadable(error).message }
    return { digest, problem, grants: before?.grants ?? [], refused: NONE_REFUSED }
  }
}

async function grantsOf(
  path: string,
  text: string,
  kinds: readonly GrantKind[],
  slices: Slices,
): Promise<Pick<GrantFile, 'grants' | 'refused'>> {
  const grants: Grant[] = []
  const first: Place[] = []
  let count = 0
  const room = { tokens: MOST_TOKENS, remedy: 'divide it into documents, with ---' }
  for (const document of readObjectsOf(text, room)) {
    if (document) room.tokens = MOST_TOKENS
    const found = document && grantOf(document, kinds)
    if (found?.refused) {
      count += 1
      if (count <= LOGGED) first.push({ place: `${path}:${found.refused.line}`, reason: found.refused.reason })
    } else if (found) grants.push(found.grant)
    await slices.rest()
  }
  return { grants, refused: { first, count } }
}

/** Yields to the event loop after each slice. */
export class Slices {
  readonly #now: () => number
  #since: number

  /** @param now a monotonic clock, in ms */
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

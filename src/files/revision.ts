import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEnd } from '../system/ending.ts'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { bare, quote } from '../wording/quote.ts'
import { gitText, isPartialClone } from './git.ts'
import { ProgramError } from './program.ts'
import { writeTree } from './revision-tree.ts'
import { STDIN } from './text.ts'

/** Files of a former revision, in a folder of their own. */
export interface Revision {
  readonly folder: string
  /** Where each path of the repository, in the order of the call, is in the folder. */
  readonly paths: readonly string[]
  /** The submodules below the paths that do not have their commit here, so that their files are missing. */
  readonly missing: readonly string[]
}

/**
 * Writes what paths of the user's git repository held at a revision to a temporary folder, as long as a callback needs them:
 * the files that a command reads from folders, and those that are named.
 *
 * @param isWhole whether all files of the repository are written, since a kustomization may name any
 * @throws Failure if git, the repository or the revision is missing, or a path is not in the repository
 */
export async function atRevision<T>(
  revision: string,
  paths: readonly string[],
  isWhole: boolean,
  use: (found: Revision) => Promise<T>,
): Promise<T> {
  const { folder, remove } = temporaryFolder()
  try {
    const root = await gitText('rev-parse', '--show-toplevel')
    const relative = await Promise.all(paths.map((one) => inRepository(one, root)))
    const missing = await writeTree(await commitOf(revision), isWhole ? undefined : relative, root, folder)
    return await use({ folder, paths: relative.map((one) => path.join(folder, one)), missing })
  } catch (error) {
    if (error instanceof ProgramError) {
      const reason = (await isPartialClone())
        ? 'this clone is partial and does not have all content: fetch it, for example with git fetch --refetch --no-filter origin'
        : `there is no such file, and it cannot be read as a revision: ${error.message}`
      throw new Failure(`cannot compare with ${quote(revision)}: ${reason}`, { cause: error })
    }
    throw error
  } finally {
    remove()
  }
}

/** Makes a folder that is removed with `remove`, and when this process ends. */
function temporaryFolder(): { folder: string; remove: () => void } {
  let folder = ''
  const clear = () => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  }
  // First: a signal that arrives meanwhile waits.
  const over = beforeEnd(clear)
  try {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'refgrant-')))
  } catch (error) {
    over()
    const where = `${bare(tmpdir())}: ${reasonOf(error)}`
    throw new Failure(`cannot make a temporary folder for the revision in ${where}: name another with TMPDIR`, {
      cause: error,
    })
  }
  const remove = () => {
    over()
    clear()
  }
  return { folder, remove }
}

/** Returns a path from the root of the repository; the file itself may not exist any more. */
async function inRepository(asked: string, root: string): Promise<string> {
  const whole = path.resolve(asked)
  const relative = path.relative(root, path.join(await realpath(path.dirname(whole)), path.basename(whole)))
  if (asked !== STDIN && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
    return relative
  throw new Failure(
    `${asked === STDIN ? 'standard input' : quote(asked)} is not in the git repository, so it has no earlier revision: use a report of check -o json as the baseline`,
  )
}

/** @throws Failure if the revision is unknown, for example since the clone is shallow */
async function commitOf(revision: string): Promise<string> {
  try {
    return await gitText('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`)
  } catch (error) {
    if (!(error instanceof ProgramError) || error.isMissing) throw error
    const isShallow = (await gitText('rev-parse', '--is-shallow-repository')) === 'true'
    const reason = isShallow
      ? 'this clone is shallow and does not have it: fetch it, for example with git fetch --depth=1 origin REVISION, or with fetch-depth: 0 of actions/checkout'
      : 'neither a file nor a revision of the git repository has this name'
    throw new Failure(`cannot compare with ${quote(revision)}: ${reason}`, { cause: error })
  }
}

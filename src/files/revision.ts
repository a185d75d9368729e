import { mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { quote } from '../wording/quote.ts'
import { blobs } from './blobs.ts'
import { gitText, isPartialClone } from './git.ts'
import { ProgramError } from './program.ts'
import { LARGEST_FILE, STDIN } from './text.ts'
import { isRead } from './tree.ts'

/** Files of a former revision, in a folder of their own. */
export interface Revision {
  readonly folder: string
  /** Where each path of the repository, in the order of the call, is in the folder. */
  readonly paths: readonly string[]
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
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'refgrant-')))
  try {
    const root = await gitText('rev-parse', '--show-toplevel')
    const relative = await Promise.all(paths.map((one) => inRepository(one, root)))
    await writeTree(await commitOf(revision), isWhole ? undefined : relative, folder)
    return await use({ folder, paths: relative.map((one) => path.join(folder, one)) })
  } catch (error) {
    if (error instanceof ProgramError) {
      const reason = (await isPartialClone())
        ? 'this clone is partial and does not have all content: fetch it, for example with git fetch --refetch --no-filter origin'
        : `there is no such file, and it cannot be read as a revision: ${error.message}`
      throw new Failure(`cannot compare with ${quote(revision)}: ${reason}`, { cause: error })
    }
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Returns a path from the root of the repository; the file itself may not exist any more. */
async function inRepository(asked: string, root: string): Promise<string> {
  const whole = path.resolve(asked)
  const relative = path.relative(root, path.join(await realpath(path.dirname(whole)), path.basename(whole)))
  if (asked !== STDIN && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
    return relative
  throw new Failure(
    `${asked === STDIN ? 'standard input' : quote(asked)} is not in the git repository, so it has no former revision: use a report of check -o json as the baseline`,
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

/** Writes those files of a commit that a command reads from paths, or all files, to a folder. Links come last, so that no file is written through one. */
async function writeTree(commit: string, paths: readonly string[] | undefined, folder: string): Promise<void> {
  const listed = await gitText('ls-tree', '-r', '-z', '--full-tree', commit)
  const links: [target: string, place: string][] = []
  const files = new Map<string, { place: string; isLink: boolean }[]>()
  for (const entry of listed.split('\0')) {
    const [, mode = '', type, hash = '', file = ''] = /^(\d+) (\w+) (\w+)\t(.*)$/s.exec(entry) ?? []
    const place = path.join(folder, file)
    const isWanted = !paths || paths.some((one) => one === file || ((one === '' || isBelow(file, one)) && isRead(file)))
    if (type !== 'blob' || !isWanted || !isBelow(place, folder)) continue
    const found = { place, isLink: mode === '120000' }
    const same = files.get(hash)
    if (same) same.push(found)
    else files.set(hash, [found])
  }
  for await (const { hash, content } of blobs([...files.keys()])) {
    for (const { place, isLink } of files.get(hash) ?? []) {
      if (isLink && content) links.push([content.toString(), place])
      else await written(place, folder, () => writeContent(place, content))
    }
  }
  for (const [target, place] of links)
    await written(place, folder, async () => {
      await mkdir(path.dirname(place), { recursive: true })
      await symlink(target, place)
    })
}

async function writeContent(place: string, content: Buffer | undefined): Promise<void> {
  await mkdir(path.dirname(place), { recursive: true })
  await writeFile(place, content ?? '')
  // What reads the folder says that the file is too large.
  if (!content) await truncate(place, LARGEST_FILE + 1)
}

/** @throws Failure if the system cannot write a file: git takes names and links that a file system does not */
async function written(place: string, folder: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    const file = quote(path.relative(folder, place))
    throw new Failure(`cannot write ${file} of the revision to a temporary folder: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

const isBelow = (file: string, folder: string) =>
  file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)

import { existsSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { quote } from '../wording/quote.ts'
import { blobs } from './blobs.ts'
import { git, textOf } from './git.ts'
import { ProgramError } from './program.ts'
import { LARGEST_FILE } from './text.ts'
import { isRead } from './tree.ts'

/**
 * Writes those files of a commit that a command reads from paths, or all files, to a folder. Returns the submodules whose commit
 * is not here.
 *
 * @param root the folder of the repository
 */
export async function writeTree(
  commit: string,
  paths: readonly string[] | undefined,
  root: string,
  folder: string,
): Promise<readonly string[]> {
  const isWanted = (file: string) =>
    !paths || paths.some((one) => one === file || ((one === '' || isBelow(file, one)) && isRead(file)))
  const mayHold = (submodule: string) =>
    !paths || paths.some((one) => one === '' || one === submodule || isBelow(submodule, one) || isBelow(one, submodule))
  const missing: string[] = []
  const links: Link[] = []
  // A submodule may have submodules.
  const trees: { commit: string; place: string; submodule?: string }[] = [{ commit, place: '' }]
  for (const { commit, place, submodule } of trees) {
    const entries = await entriesOf(commit, submodule)
    if (!entries) missing.push(place)
    const placed = (entries ?? []).map((one) => ({ ...one, file: path.join(place, one.file) }))
    const files = placed.filter(({ type, file }) => type === 'blob' && isWanted(file) && isInside(file))
    links.push(...(await writeFiles(files, folder, submodule)))
    for (const { type, hash, file } of placed)
      if (type === 'commit' && mayHold(file) && existsSync(path.join(root, file, '.git')))
        trees.push({ commit: hash, place: file, submodule: path.join(root, file) })
  }
  // Links come last, so that no file is written through one.
  for (const { target, place } of links)
    written(place, folder, () => {
      mkdirSync(path.dirname(place), { recursive: true })
      symlinkSync(target, place)
    })
  return missing
}

interface Link {
  readonly target: string
  readonly place: string
}

/** An entry of the tree of a commit: a file, a link, or the commit of a submodule. */
interface TreeEntry {
  readonly mode: string
  readonly type: string
  readonly hash: string
  readonly file: string
}

/** Returns the entries of a commit; undefined if a submodule does not have the commit. */
async function entriesOf(commit: string, submodule: string | undefined): Promise<TreeEntry[] | undefined> {
  const args = ['ls-tree', '-r', '-z', '--full-tree', commit]
  try {
    const listed = await textOf(git(args, '', submodule))
    return listed.split('\0').map((entry) => {
      const [, mode = '', type = '', hash = '', file = ''] = /^(\d+) (\w+) (\w+)\t(.*)$/s.exec(entry) ?? []
      return { mode, type, hash, file }
    })
  } catch (error) {
    if (submodule !== undefined && error instanceof ProgramError) return undefined
    throw error
  }
}

/** Writes files to a folder, and returns the links among them. */
async function writeFiles(
  entries: readonly TreeEntry[],
  folder: string,
  submodule: string | undefined,
): Promise<readonly Link[]> {
  const links: Link[] = []
  const byHash = Map.groupBy(entries, ({ hash }) => hash)
  for await (const { hash, content } of blobs([...byHash.keys()], submodule)) {
    for (const { mode, file } of byHash.get(hash) ?? []) {
      const place = path.join(folder, file)
      if (mode === '120000' && content) links.push({ target: content.toString(), place })
      else written(place, folder, () => writeContent(place, content))
    }
  }
  return links
}

/** Does so at once: a write that goes on during a signal could leave a part of the folder. */
function writeContent(place: string, content: Buffer | undefined): void {
  mkdirSync(path.dirname(place), { recursive: true })
  writeFileSync(place, content ?? '')
  // What reads the folder says that the file is too large.
  if (!content) truncateSync(place, LARGEST_FILE + 1)
}

/** @throws Failure if the system cannot write a file: git takes names and links that a file system does not */
function written(place: string, folder: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    const file = quote(path.relative(folder, place))
    throw new Failure(`cannot write ${file} of the revision to a temporary folder: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** Whether a path does not lead out of its folder. */
const isInside = (file: string) => file !== '' && file !== '..' && !file.startsWith(`..${path.sep}`)

const isBelow = (file: string, folder: string) =>
  file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)

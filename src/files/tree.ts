import type { BigIntStats, Dirent } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import type { IsExcluded } from './glob.ts'
import { isGone, unreadable, whyOther } from './text.ts'

/** What `kubectl apply -R -f FOLDER` reads, and the third of the names that Kustomize reads. */
const READ = /\.(yaml|yml|json)$|^Kustomization$/

/** Whether a file of this name is read from a folder, or decides what is. */
export const isRead = (file: string) => READ.test(path.basename(file)) || path.basename(file) === 'Chart.yaml'

/** A regular file in a folder. */
export interface FoundFile {
  /** The path by which the file was found. */
  readonly path: string
  /** The path without links. */
  readonly real: string
  readonly stats: BigIntStats
}

/** A file or folder that is not read, and the reason in words that follow its name. */
interface Skipped {
  readonly path: string
  readonly reason: string
}

/** A folder of Helm templates, which is left out, and its chart. */
export interface Templates {
  readonly path: string
  readonly chart: string
}

/** The contents of a folder. */
export interface Tree {
  /** In kubectl's order: of each folder, files and folders by name. */
  readonly files: readonly FoundFile[]
  /** Folders of other programs, which are left out; `.git` without a note. */
  readonly others: readonly string[]
  readonly skipped: readonly Skipped[]
  readonly templates: readonly Templates[]
}

/**
 * The YAML and JSON files of a folder and its subfolders, but for hidden folders, `node_modules`, the templates of Helm and
 * what is excluded. Only regular files are found. A link is followed to what is
 * inside the folder, and each file is found once, however many links lead to it: at the place nearest to the top, which
 * for the files of a mounted ConfigMap is the name that stays the same.
 *
 * @param isExcluded whether a file or a folder is left out, by its path from `folder`
 * @throws Unreadable if the folder itself cannot be read
 */
export async function filesIn(folder: string, isExcluded: IsExcluded = () => false): Promise<Tree> {
  const walk = new Walk(await realpath(folder).catch(rethrow), (found) => isExcluded(path.relative(folder, found)))
  await walk.read(folder, walk.root).catch(rethrow)
  // Level by level, so that the place nearest to the top comes first.
  for (let level = walk.takeFolders(); level.length > 0; level = walk.takeFolders())
    for (const { found, real } of level)
      await walk.read(found, real).catch((error) => {
        if (!isGone(error)) walk.skip(found, unreadable(error).message)
      })
  return {
    files: [...walk.files.values()].sort(byPath),
    skipped: walk.skipped,
    others: walk.others,
    templates: walk.templates,
  }
}

interface Folder {
  readonly found: string
  readonly real: string
}

class Walk {
  readonly root: string
  readonly files = new Map<string, FoundFile>()
  readonly skipped: Skipped[] = []
  readonly others: string[] = []
  readonly templates: Templates[] = []
  readonly #isExcluded: IsExcluded
  readonly #seen: Set<string>
  #folders: Folder[] = []

  /** @param root the folder, without links */
  constructor(root: string, isExcluded: IsExcluded) {
    this.root = root
    this.#isExcluded = isExcluded
    this.#seen = new Set([root])
  }

  takeFolders(): Folder[] {
    const taken = this.#folders
    this.#folders = []
    return taken
  }

  skip(path: string, reason: string): void {
    this.skipped.push({ path, reason })
  }

  /** Reads one folder: its files are found, and its subfolders come later. */
  async read(found: string, real: string): Promise<void> {
    const entries = await readdir(real, { withFileTypes: true })
    const isChart = entries.some(({ name }) => name === 'Chart.yaml')
    for (const entry of entries.sort((a, b) => order(a.name, b.name))) {
      const place = path.join(found, entry.name)
      if (this.#isExcluded(place)) continue
      if (entry.isDirectory() && isOthers(entry.name)) {
        if (entry.name !== '.git') this.others.push(place)
        continue
      }
      if (isChart && entry.isDirectory() && entry.name === 'templates') {
        this.templates.push({ path: place, chart: found })
        continue
      }
      await this.#enter(entry, place, path.join(real, entry.name)).catch((error) => {
        if (!isGone(error) || entry.isSymbolicLink()) this.skip(place, unreadable(error).message)
      })
    }
  }

  async #enter(entry: Dirent, found: string, place: string): Promise<void> {
    const named = READ.test(entry.name)
    if ((named || !entry.isFile()) && (await isMisnamed(place)))
      this.skip(found, 'has a name that is not UTF-8: rename it')
    else if (entry.isDirectory()) this.#enterFolder(found, place)
    else if (entry.isSymbolicLink()) await this.#follow(found, place, named)
    else if (named) await this.#enterFile(found, place)
  }

  async #follow(found: string, place: string, named: boolean): Promise<void> {
    // A broken link matters only where a file was to be read.
    const stats = await (named && !isLock(path.basename(found)) ? stat(place) : stat(place).catch(() => undefined))
    if (!stats || !(named || stats.isDirectory())) return
    const real = await realpath(place)
    if (!isInside(real, this.root)) this.skip(found, 'is a link to something outside the folder, which is not followed')
    else if (stats.isDirectory()) this.#enterFolder(found, real)
    else await this.#enterFile(found, real)
  }

  #enterFolder(found: string, real: string): void {
    if (this.#seen.has(real)) return
    this.#seen.add(real)
    this.#folders.push({ found, real })
  }

  async #enterFile(found: string, real: string): Promise<void> {
    if (this.files.has(real)) return
    const stats = await stat(real, { bigint: true })
    const why = whyOther(stats)
    if (why === undefined) this.files.set(real, { path: found, real, stats })
    else this.skip(found, why)
  }
}

/** Whether a name holds bytes that are not UTF-8. Node shows each as U+FFFD, so nothing has the name that it shows. */
async function isMisnamed(place: string): Promise<boolean> {
  if (!path.basename(place).includes('\ufffd')) return false
  return await lstat(place).then(() => false, isGone)
}

/** Whether a folder belongs to another program, such as `.git`. */
const isOthers = (name: string) => name.startsWith('.') || name === 'node_modules'

/** A link to nowhere that Emacs keeps beside a file while somebody edits it. */
const isLock = (name: string) => name.startsWith('.#')

function isInside(place: string, root: string): boolean {
  return place === root || place.startsWith(root.endsWith(path.sep) ? root : root + path.sep)
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const byPath = (a: FoundFile, b: FoundFile) => kubectlOrder(a.path, b.path)

/** The order in which kubectl reads files of a folder. Source: Go, path/filepath (Walk), by which cli-runtime finds them. */
export function kubectlOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a.replaceAll(path.sep, '\0')), Buffer.from(b.replaceAll(path.sep, '\0')))
}

function rethrow(error: unknown): never {
  throw unreadable(error)
}

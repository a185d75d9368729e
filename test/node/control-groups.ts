import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { until } from '../harness/until.ts'

/** A mounted hierarchy of control groups of version 1. */
interface Hierarchy {
  readonly place: string
  /** How it is mounted again: its controllers, or its name. */
  readonly options: string
}

const NO_HIERARCHIES =
  'a node needs control groups of version 1, and this machine has none (`stat -fc %T /sys/fs/cgroup` prints cgroup2fs if it ' +
  'has only version 2). Debian 12 has them if it boots with the kernel parameter systemd.unified_cgroup_hierarchy=0'

const NAME = /^refgrant-node-(\d+)$/

/** The control groups of a node, one in each hierarchy, below the group of this process. */
export class ControlGroups {
  readonly #folders: readonly string[]
  readonly #hierarchies: readonly Hierarchy[]

  private constructor(hierarchies: readonly Hierarchy[], folders: readonly string[]) {
    this.#hierarchies = hierarchies
    this.#folders = folders
  }

  /** @throws Error if this machine has no control groups of version 1 */
  static check(): void {
    if (mounted().length === 0) throw new Error(NO_HIERARCHIES)
  }

  /** @throws Error if control groups cannot be had, for example without root */
  static create(): ControlGroups {
    const hierarchies = mounted()
    const folders = hierarchies.map(({ place, options }) => {
      const parent = path.join(place, ownGroup(options))
      removeLeft(parent)
      const folder = path.join(parent, `refgrant-node-${process.pid}`)
      mkdirSync(folder)
      inheritProcessors(parent, folder)
      return folder
    })
    return new ControlGroups(hierarchies, folders)
  }

  /** What a command line begins with to run in these groups. */
  get wrapper(): readonly string[] {
    const files = this.#folders.map((folder) => path.join(folder, 'cgroup.procs'))
    return ['sh', '-c', 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"', 'sh', ...files, '--']
  }

  /** How each hierarchy is mounted: TYPE:OPTIONS:PLACE. */
  get mounts(): readonly string[] {
    return this.#hierarchies.map(({ place, options }) => `cgroup:${options}:${place}`)
  }

  /**
   * Returns the group in the hierarchy of a controller, as a folder.
   *
   * @throws Error if there is no such hierarchy
   */
  folderOf(controller: string): string {
    const folder = this.#folders[this.#hierarchies.findIndex(({ options }) => options.split(',').includes(controller))]
    if (folder === undefined) throw new Error(`this machine has no control groups with ${controller}`)
    return folder
  }

  /** Removes the groups once their processes have ended. */
  async remove(): Promise<void> {
    for (const folder of this.#folders) await until(`${folder} is removed`, () => isRemoved(folder))
  }
}

/** Gives a new control group the processors of its parent: it has none, and takes no process. */
export function inheritProcessors(parent: string, folder: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems'])
    if (existsSync(path.join(folder, file)))
      writeFileSync(path.join(folder, file), readFileSync(path.join(parent, file)))
}

/** The hierarchies that are mounted (proc_pid_mounts(5)). */
function mounted(): Hierarchy[] {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  return lines
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup')
    .map(([, place = '', , options = '']) => ({ place, options: options.split(',').filter(isOwnOption).join(',') }))
}

/** Whether an option tells which hierarchy it is. */
const isOwnOption = (option: string) => !['rw', 'ro', 'nosuid', 'nodev', 'noexec', 'relatime', 'xattr'].includes(option)

/** The group of this process in a hierarchy (cgroups(7), /proc/PID/cgroup). */
function ownGroup(options: string): string {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n')
  const [, , group = '/'] = lines.map((line) => line.split(':')).find(([, names]) => names === options) ?? []
  return group
}

/** Removes the groups of nodes whose process was killed. */
function removeLeft(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [, id] = NAME.exec(name) ?? []
    if (id !== undefined && !existsSync(`/proc/${id}`)) isRemoved(path.join(parent, name))
  }
}

/** Removes a group with all below it; false while a process is in it. */
function isRemoved(folder: string): boolean {
  try {
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    if (!below.every(({ name }) => isRemoved(path.join(folder, name)))) return false
    rmdirSync(folder)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false
    throw error
  }
}

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { until } from '../until.ts'

/** Where control groups are mounted (systemd, "Control Group APIs and Delegation"). */
const MOUNT = '/sys/fs/cgroup'

/** The files of a memory controller. Sources: Linux, Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst. */
const V1 = {
  root: path.join(MOUNT, 'memory'),
  limit: 'memory.limit_in_bytes',
  /** Memory and swap together, which is how v1 limits swap; absent where the kernel does not account for swap. */
  swap: (bytes: number) => ({ file: 'memory.memsw.limit_in_bytes', value: String(bytes) }),
  peak: 'memory.max_usage_in_bytes',
  anonymous: /^rss (\d+)$/m,
  events: 'memory.oom_control',
}
const V2: typeof V1 = {
  root: MOUNT,
  limit: 'memory.max',
  swap: () => ({ file: 'memory.swap.max', value: '0' }),
  peak: 'memory.peak',
  anonymous: /^anon (\d+)$/m,
  events: 'memory.events',
}

let groups = 0

/** A control group with a limit of memory and no swap: what a container with a memory limit runs in. */
export class MemoryCgroup {
  readonly #folder: string
  readonly #files: typeof V1

  private constructor(folder: string, files: typeof V1) {
    this.#folder = folder
    this.#files = files
  }

  /**
   * @param bytes the limit
   * @throws Error if control groups cannot be had: without root, or where they are not mounted
   */
  static create(bytes: number): MemoryCgroup {
    try {
      const files =
        existsSync(path.join(V1.root, V1.limit)) || !existsSync(path.join(MOUNT, 'cgroup.controllers')) ? V1 : V2
      if (files === V2) enableMemory()
      removeLeft(files.root)
      const folder = path.join(files.root, `refgrant-${process.pid}-${groups++}`)
      mkdirSync(folder)
      writeFileSync(path.join(folder, files.limit), String(bytes))
      const { file, value } = files.swap(bytes)
      if (existsSync(path.join(folder, file))) writeFileSync(path.join(folder, file), value)
      return new MemoryCgroup(folder, files)
    } catch (error) {
      throw new Error(
        `cannot limit memory with a control group, without which attacks prove nothing (run as root, with ${MOUNT} writable): ${(error as Error).message}`,
        { cause: error },
      )
    }
  }

  /** What a command line begins with to run in this group; the process keeps its id. */
  get wrapper(): readonly string[] {
    return ['sh', '-c', 'echo $$ > "$0" && exec "$@"', path.join(this.#folder, 'cgroup.procs')]
  }

  /** The most that was in use at once, in bytes, page cache included. */
  get peak(): number {
    return Number(this.#read(this.#files.peak))
  }

  /** What is in use and cannot be dropped, in bytes: heaps, buffers and stacks. */
  get inUse(): number {
    return Number(this.#files.anonymous.exec(this.#read('memory.stat'))?.[1])
  }

  /** How many of its processes the kernel has killed for want of memory. */
  get killed(): number {
    return Number(/^oom_kill (\d+)$/m.exec(this.#read(this.#files.events))?.[1])
  }

  /** Removes the group once its processes have ended. */
  async remove(): Promise<void> {
    await until(`${this.#folder} is empty`, () => this.#read('cgroup.procs') === '')
    rmdirSync(this.#folder)
  }

  #read(file: string): string {
    return readFileSync(path.join(this.#folder, file), 'utf8')
  }
}

/** Removes the groups of test processes that were killed. */
function removeLeft(root: string): void {
  for (const name of readdirSync(root)) {
    const [, id] = /^refgrant-(\d+)-\d+$/.exec(name) ?? []
    if (id === undefined || existsSync(`/proc/${id}`)) continue
    try {
      rmdirSync(path.join(root, name))
    } catch {
      // Somebody else has removed it, or something still runs there.
    }
  }
}

/**
 * Lets children of the root group have a limit. The root group of a container may not have processes of its own then:
 * they are moved into a child, as Docker in Docker does.
 */
function enableMemory(): void {
  const control = path.join(MOUNT, 'cgroup.subtree_control')
  if (readFileSync(control, 'utf8').split(/\s/).includes('memory')) return
  try {
    writeFileSync(control, '+memory')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    const child = path.join(MOUNT, 'refgrant-others')
    mkdirSync(child, { recursive: true })
    const processes = readFileSync(path.join(MOUNT, 'cgroup.procs'), 'utf8').split('\n')
    for (const id of processes.filter((id) => id !== '')) writeFileSync(path.join(child, 'cgroup.procs'), id)
    writeFileSync(control, '+memory')
  }
}

import { readFile } from 'node:fs/promises'
import type { Inspector } from './inspector.ts'

const MIB = 1024 * 1024

/** What a process holds at a moment, in MiB. */
export interface Memory {
  /** All that is in memory, what may be given back included; NaN where the system does not tell. */
  readonly resident: number
  /** What is in use after a garbage collection, buffers included. */
  readonly heap: number
}

/** Collects the garbage of a process, and tells its memory: the resident part as it was before. */
export async function memoryOf(pid: number | undefined, inspector: Inspector): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return {
    resident: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024,
    heap: (await inspector.memory()) / MIB,
  }
}

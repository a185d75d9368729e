import { readFile } from 'node:fs/promises'
import type { Inspector } from '../harness/program/inspector.ts'

const MIB = 1024 * 1024

/** Growth of the heap from the middle to the end that is none yet: it is not the same from one moment to the next. */
const ALLOWED = { part: 0.2, mib: 10 }

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

/** Whether the heap grew, so much that something is kept which should not be. */
export function hasGrown(middle: Memory, end: Memory): boolean {
  return end.heap > middle.heap * (1 + ALLOWED.part) + ALLOWED.mib
}

import type { Memory } from '../harness/program/memory.ts'

/** Growth of the heap from the middle to the end that is none yet: it is not the same from one moment to the next. */
const ALLOWED = { part: 0.2, mib: 10 }

/** Whether the heap grew, so much that something is kept which should not be. */
export function hasGrown(middle: Memory, end: Memory): boolean {
  return end.heap > middle.heap * (1 + ALLOWED.part) + ALLOWED.mib
}

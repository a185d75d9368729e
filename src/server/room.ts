import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

const MIB = 1024 * 1024

/** How much requests may take together. */
export interface Room {
  /** Memory of bodies, of what is parsed from them and of answers that are not sent yet, in bytes. */
  readonly bytes: number
  /** Connections of the review listener. */
  readonly connections: number
}

/**
 * The smallest container that the server is made for has 256 MiB. Of these, the process takes 64 MiB before the first
 * request, requests 64 MiB, the index and fresh reads 32 MiB, and connections 25 MiB: one takes 100 KiB of resident
 * memory with Node 24, 64 of these for what Node reads of it. Garbage and what the allocator keeps take up to 50 MiB.
 */
const SMALLEST = { memory: 256 * MIB, bytes: 64 * MIB, connections: 256 }

/** Beyond this multiple of the smallest, more memory makes no more room: the event loop is the limit. */
const LARGEST = 4

/** The part of a container that is given to the heap (`--max-old-space-size-percentage`). */
const HEAP_PART = 0.6

/**
 * The room that there is in this much memory: in proportion to the smallest, and never less, since the largest review
 * that is taken must fit.
 *
 * @param memory in bytes
 */
export function roomIn(memory: number): Room {
  const scale = Math.min(Math.max(memory / SMALLEST.memory, 1), LARGEST)
  return { bytes: Math.floor(SMALLEST.bytes * scale), connections: Math.floor(SMALLEST.connections * scale) }
}

/** Memory that this process may use, in bytes: what its control group, the machine and its heap's limit allow. */
export function usableMemory(): number {
  // 0, or more than the machine has, where nothing constrains it.
  const constrained = process.constrainedMemory() || Infinity
  return Math.min(constrained, totalmem(), getHeapStatistics().heap_size_limit / HEAP_PART)
}

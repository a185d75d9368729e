import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

const MIB = 1024 * 1024

/** The limits of all requests together. */
export interface RequestLimits {
  /** The memory for bodies, parsed values and unsent answers, in bytes. */
  readonly bytes: number
  /** The most connections for reviews. */
  readonly connections: number
}

/**
 * The smallest supported container has 256 MiB. Of these, the process uses 64 MiB before the first request, requests
 * 64 MiB, the index and fresh reads 32 MiB, and connections 25 MiB: with Node 24, a connection takes 100 KiB of resident
 * memory, 64 of them for its read buffer. Garbage and the allocator use up to 50 MiB.
 */
const SMALLEST = { memory: 256 * MIB, bytes: 64 * MIB, connections: 256 }

/** The largest multiple of the smallest limits. With more memory, the event loop is the limit. */
const LARGEST = 4

/** The part of a container's memory for the heap (`--max-old-space-size-percentage`). */
const HEAP_PART = 0.6

/**
 * Returns the limits for a size of memory, in proportion to the smallest container, and never less, since the largest
 * review must fit.
 *
 * @param memory in bytes
 */
export function limitsIn(memory: number): RequestLimits {
  const scale = Math.min(Math.max(memory / SMALLEST.memory, 1), LARGEST)
  return { bytes: Math.floor(SMALLEST.bytes * scale), connections: Math.floor(SMALLEST.connections * scale) }
}

/** Returns the memory that this process may use, in bytes, by its control group, the machine and the limit of its heap. */
export function usableMemory(): number {
  // Without a constraint, Node returns 0, or more than the memory of the machine.
  const constrained = process.constrainedMemory() || Infinity
  return Math.min(constrained, totalmem(), getHeapStatistics().heap_size_limit / HEAP_PART)
}

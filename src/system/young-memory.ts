import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Memory for young objects from which on more makes a command no faster, in bytes: measured with 10,000 routes. */
const ENOUGH = 16 * 1024 * 1024

let isHeld = false

/**
 * Keeps V8 from taking more memory for young objects, which it does up to 96 MB, once it has enough. Call it again and again
 * while memory grows: V8 takes an option for this only when the process starts.
 */
export function holdYoungMemory(): void {
  if (isHeld) return
  const size = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
  if (size < ENOUGH) return
  isHeld = true
  setFlagsFromString('--semi-space-growth-factor=1')
}

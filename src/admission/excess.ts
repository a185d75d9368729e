import type { Oversize } from '../wording/oversize.ts'

/** Why the objects of a review are too large to read. */
export interface Excess {
  readonly oversize: Oversize
  /** Whether the stored object of an update is too large by itself. */
  readonly storedOversized: boolean
}

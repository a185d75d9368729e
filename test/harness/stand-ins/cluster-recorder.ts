import {
  type ClusterObserver,
  type ListReason,
  type ReadEnd,
  UNOBSERVED,
  type WatchEnd,
} from '../../../src/cluster/observer.ts'

/** Counts the events of watches, lists and fresh reads, of all resources together. */
export class ClusterRecorder implements ClusterObserver {
  readonly watches: Record<WatchEnd, number> = { timeout: 0, broken: 0, refused: 0 }
  readonly lists: Record<ListReason, number> = { start: 0, unproven: 0, expired: 0, api: 0, incomplete: 0 }
  readonly freshReads = { started: 0, shared: 0, failed: 0, over_budget: 0 }
  readonly skipped = UNOBSERVED.skipped
  readonly evicted = UNOBSERVED.evicted

  watchEnded(_resource: string, end: WatchEnd): void {
    this.watches[end] += 1
  }

  listed(_resource: string, reason: ListReason): void {
    this.lists[reason] += 1
  }

  readStarted(): void {
    this.freshReads.started += 1
  }

  readEnded(_resource: string, end: ReadEnd): void {
    if (end === 'failed') this.freshReads.failed += 1
  }

  readShared(): void {
    this.freshReads.shared += 1
  }

  readRefused(): void {
    this.freshReads.over_budget += 1
  }
}

import type { ClusterObserver, ListReason, ReadEnd, WatchEnd } from '../cluster/observer.ts'
import type { Knowledge } from '../server/metrics.ts'

/** Counts what it is told, for all resources together. */
export class ClusterCounts implements ClusterObserver {
  readonly watches: Record<WatchEnd, number> = { timeout: 0, broken: 0, refused: 0 }
  readonly lists: Record<ListReason, number> = { start: 0, unproven: 0, expired: 0, api: 0, incomplete: 0 }
  readonly freshReads = { started: 0, shared: 0, failed: 0, over_budget: 0 } satisfies Knowledge['freshReads']
  freshReadSeconds = 0

  watchStarted(): void {}

  watchEnded(_resource: string, end: WatchEnd): void {
    this.watches[end] += 1
  }

  listed(_resource: string, reason: ListReason): void {
    this.lists[reason] += 1
  }

  skipped(): void {}

  incomplete(): void {}

  evicted(): void {}

  readStarted(): void {
    this.freshReads.started += 1
  }

  readEnded(_resource: string, end: ReadEnd, milliseconds: number): void {
    if (end === 'failed') this.freshReads.failed += 1
    this.freshReadSeconds += milliseconds / 1_000
  }

  readShared(): void {
    this.freshReads.shared += 1
  }

  readRefused(): void {
    this.freshReads.over_budget += 1
  }
}

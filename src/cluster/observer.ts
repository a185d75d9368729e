/** How a watch ended: by its timeout, by a broken or silent connection, or refused by the API server. */
export const WATCH_ENDS = ['timeout', 'broken', 'refused'] as const
export type WatchEnd = (typeof WATCH_ENDS)[number]

/**
 * Why a full list was made: at the start; because watches did not prove the store complete for too long; because the
 * resource version is too old to resume from; because the API was installed or removed, or is absent; because the store
 * is incomplete.
 */
export const LIST_REASONS = ['start', 'unproven', 'expired', 'api', 'incomplete'] as const
export type ListReason = (typeof LIST_REASONS)[number]

/** How a fresh read ended. Another read replaced one that was given up. */
export type ReadEnd = 'done' | 'failed' | 'given up'

/**
 * Observes what happens between refgrant and the API server. Its methods must not throw.
 *
 * A resource is named with its group, such as `referencegrants.gateway.networking.k8s.io`; times are in ms.
 */
export interface ClusterObserver {
  /** A watch has ended or was refused. A failure of a streamed list is not reported here. */
  watchEnded(resource: string, end: WatchEnd): void
  /** A full list has succeeded. */
  listed(resource: string, reason: ListReason, milliseconds: number): void
  /** An object was not cached, because it is too large or the cache is full. */
  skipped(resource: string, namespace: string): void
  /** All cached objects of a namespace were evicted. */
  evicted(resource: string, namespace: string): void
  readStarted(resource: string): void
  readEnded(resource: string, end: ReadEnd, milliseconds: number): void
  /** A reader joined a read that has not begun. */
  readShared(resource: string): void
  /** A read was not made because the budget is spent. */
  readRefused(resource: string): void
}

const ignore = () => {}

/** An observer that ignores everything. */
export const UNOBSERVED: ClusterObserver = {
  watchEnded: ignore,
  listed: ignore,
  skipped: ignore,
  evicted: ignore,
  readStarted: ignore,
  readEnded: ignore,
  readShared: ignore,
  readRefused: ignore,
}

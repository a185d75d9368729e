/** How a watch ended: in good order, by a broken or silent connection, or refused by the API server. */
export const WATCH_ENDS = ['timeout', 'broken', 'refused'] as const
export type WatchEnd = (typeof WATCH_ENDS)[number]

/**
 * Why everything was listed: at the start; since watches have proved nothing for a while; since the version to go on
 * from is too old; since the API came, went or is absent; since the store may become complete by it.
 */
export const LIST_REASONS = ['start', 'unproven', 'expired', 'api', 'incomplete'] as const
export type ListReason = (typeof LIST_REASONS)[number]

/** How a fresh read ended; one that was given up was replaced by another one. */
export type ReadEnd = 'done' | 'failed' | 'given up'

/**
 * Is told what happens between refgrant and the API server. It is called in the middle of the work, so it neither waits
 * nor throws.
 *
 * A resource is told by its name and group, such as `referencegrants.gateway.networking.k8s.io`; times are in ms.
 */
export interface ClusterObserver {
  /** The API server has begun to answer a watch. */
  watchStarted(resource: string): void
  /** A watch has ended, or was refused; one that ends before the list that it began with is a list that failed. */
  watchEnded(resource: string, end: WatchEnd): void
  /** A list of everything has succeeded. */
  listed(resource: string, reason: ListReason, milliseconds: number): void
  /** An object is not cached: it is too large, or there is no room for it. */
  skipped(resource: string, namespace: string): void
  /** From now on, not all objects of a namespace are cached. */
  incomplete(resource: string, namespace: string): void
  /** All cached objects of a namespace were evicted. */
  evicted(resource: string, namespace: string): void
  readStarted(resource: string): void
  readEnded(resource: string, end: ReadEnd, milliseconds: number): void
  /** A reader shares a read that has not begun. */
  readShared(resource: string): void
  /** The budget had no room for a read. */
  readRefused(resource: string): void
}

const ignore = () => {}

/** Ignores all that it is told. */
export const UNOBSERVED: ClusterObserver = {
  watchStarted: ignore,
  watchEnded: ignore,
  listed: ignore,
  skipped: ignore,
  incomplete: ignore,
  evicted: ignore,
  readStarted: ignore,
  readEnded: ignore,
  readShared: ignore,
  readRefused: ignore,
}

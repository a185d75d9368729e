/** Receives what an index adds, and what it does not keep. */
export interface IndexObserver {
  /** A grant was added or changed. */
  added(namespace: string): void
  /** A grant was skipped: it could not be read completely, or it would exceed a limit. */
  skipped(namespace: string): void
  /** A namespace became incomplete. */
  incomplete(namespace: string): void
  /** All grants of a namespace were evicted. */
  evicted(namespace: string): void
}

export const UNOBSERVED: IndexObserver = { added: () => {}, skipped: () => {}, incomplete: () => {}, evicted: () => {} }

/** Why a review is dropped: too many reviews in flight, not enough memory, too late, or the client closed the connection. */
export const SHED_REASONS = ['reviews', 'memory', 'late', 'gone'] as const
export type ShedReason = (typeof SHED_REASONS)[number]

/** Why the server closes a connection: the phase that took too long, or another reason. */
export const CLOSE_REASONS = [
  'evicted',
  'handshake',
  'idle',
  'head',
  'body',
  'answer',
  'pipelined',
  'unexpected_body',
] as const
export type CloseReason = (typeof CLOSE_REASONS)[number]

/** Why a client is rejected: it has no certificate, one that is not trusted, or one with another name. */
export const CLIENT_REFUSALS = ['no_certificate', 'not_trusted', 'name'] as const
export type ClientRefusal = (typeof CLIENT_REFUSALS)[number]

/** The labels of a review. Users cannot choose their values. */
export type ReviewLabels = {
  readonly kind: string
  readonly operation: string
  readonly mode: string
  readonly decision: string
  /** Why the review was not judged; empty if it was. */
  readonly reason: string
}

/**
 * Receives the events of the server. The server calls it synchronously, so it must not block or throw. Times are in ms.
 */
export interface ServerObserver {
  /** A review was answered. */
  reviewed(labels: ReviewLabels, milliseconds: number): void
  /** A row of the configuration does not fit an object. */
  misfit(kind: string, field: string): void
  /** A review was dropped without a verdict. */
  shed(reason: ShedReason): void
  /** A client has connected for reviews. */
  connectionOpened(): void
  /** Such a connection was closed by either side. */
  connectionEnded(): void
  /** The server closes a connection. */
  connectionClosed(reason: CloseReason): void
  clientRefused(reason: ClientRefusal): void
}

const ignore = () => {}

/** Ignores all events. */
export const UNOBSERVED: ServerObserver = {
  reviewed: ignore,
  misfit: ignore,
  shed: ignore,
  connectionOpened: ignore,
  connectionEnded: ignore,
  connectionClosed: ignore,
  clientRefused: ignore,
}

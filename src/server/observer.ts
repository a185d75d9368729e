/** Why a review is turned away: too many in judgement, too much memory for them, too late, or its client has gone. */
export const SHED_REASONS = ['reviews', 'memory', 'late', 'gone'] as const
export type ShedReason = (typeof SHED_REASONS)[number]

/** Why this side closes a connection: what it was in for too long, or what else. */
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

/** Why a client is refused by its certificate: it has none, one that is not trusted, or one of another name. */
export const CLIENT_REFUSALS = ['no_certificate', 'not_trusted', 'name'] as const
export type ClientRefusal = (typeof CLIENT_REFUSALS)[number]

/** What a review is counted by. No value is one that users choose. */
export type ReviewLabels = {
  readonly kind: string
  readonly operation: string
  readonly mode: string
  readonly decision: string
  /** Why it was not judged; empty if it was. */
  readonly reason: string
}

/**
 * Is told what happens in the server. It is called in the middle of the work, so it neither waits nor throws. Times are
 * in ms.
 */
export interface ServerObserver {
  /** A review was answered. */
  reviewed(labels: ReviewLabels, milliseconds: number): void
  /** A row of the configuration does not fit an object. */
  misfit(kind: string, field: string): void
  /** A review was turned away, unjudged. */
  shed(reason: ShedReason): void
  /** A client has connected for reviews. */
  connectionOpened(): void
  /** Such a connection is no more, whichever side closed it. */
  connectionEnded(): void
  /** This side closes a connection. */
  connectionClosed(reason: CloseReason): void
  clientRefused(reason: ClientRefusal): void
}

const ignore = () => {}

/** Ignores all that it is told. */
export const UNOBSERVED: ServerObserver = {
  reviewed: ignore,
  misfit: ignore,
  shed: ignore,
  connectionOpened: ignore,
  connectionEnded: ignore,
  connectionClosed: ignore,
  clientRefused: ignore,
}

import type {
  ClientRefusal,
  CloseReason,
  ReviewLabels,
  ServerObserver,
  ShedReason,
} from '../../../src/server/observer.ts'

/** Remembers what a server told. */
export class ServerRecorder implements ServerObserver {
  readonly reviews: ReviewLabels[] = []
  readonly misfits: { readonly kind: string; readonly field: string }[] = []
  readonly turnedAway: ShedReason[] = []
  readonly refused: Record<ClientRefusal, number> = { no_certificate: 0, not_trusted: 0, name: 0 }
  /** Connections that are open. */
  held = 0
  readonly closed: CloseReason[] = []

  reviewed(labels: ReviewLabels): void {
    this.reviews.push(labels)
  }

  misfit(kind: string, field: string): void {
    this.misfits.push({ kind, field })
  }

  shed(reason: ShedReason): void {
    this.turnedAway.push(reason)
  }

  connectionOpened(): void {
    this.held += 1
  }

  connectionEnded(): void {
    this.held -= 1
  }

  connectionClosed(reason: CloseReason): void {
    this.closed.push(reason)
  }

  clientRefused(reason: ClientRefusal): void {
    this.refused[reason] += 1
  }
}

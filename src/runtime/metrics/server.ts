import { Gauge, type Registry } from '@prometheus-io/client'
import type { Coverage } from '../../policy/coverage.ts'
import type { Capacity } from '../../server/capacity.ts'
import { CLIENT_REFUSALS, CLOSE_REASONS, type ServerObserver, SHED_REASONS } from '../../server/observer.ts'
import { counterBy, gauge, gaugeBy } from './instruments.ts'
import { reviewMetrics } from './reviews.ts'

/**
 * Counts what a server tells.
 *
 * @param coverage the one in force
 */
export function serverMetrics(registry: Registry, coverage: () => Coverage): ServerObserver {
  const registers: [Registry] = [registry]
  const reviews = reviewMetrics(registry, coverage)
  const connections = new Gauge({ registers, name: 'refgrant_connections', help: 'Connections of the webhook.' })
  return {
    ...reviews,
    shed: counterBy(
      {
        registers,
        name: 'refgrant_reviews_shed_total',
        help: 'Reviews turned away unjudged: too many at once, too large together, too late to judge in time, or without a client that waits.',
      },
      'reason',
      SHED_REASONS,
    ),
    connectionOpened: () => connections.inc(),
    connectionEnded: () => connections.dec(),
    connectionClosed: counterBy(
      {
        registers,
        name: 'refgrant_connections_closed_total',
        help: 'Connections that refgrant closed: what they were too long in, or why else.',
      },
      'reason',
      CLOSE_REASONS,
    ),
    clientRefused: counterBy(
      {
        registers,
        name: 'refgrant_clients_refused_total',
        help: 'Clients refused by their certificate: none, one that is not trusted, or one of another name.',
      },
      'reason',
      CLIENT_REFUSALS,
    ),
  }
}

/** Tells what requests take now. */
export function capacityMetrics(registry: Registry, capacity: Capacity): void {
  const registers: [Registry] = [registry]
  gauge({ registers, name: 'refgrant_reviews_in_flight', help: 'Reviews in judgement.' }, () => capacity.counts.reviews)
  gaugeBy(
    { registers, name: 'refgrant_held_bytes', help: 'Memory that requests hold, by what for.' },
    'what',
    () => capacity.held,
  )
}

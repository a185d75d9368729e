import { Gauge, type Registry } from '@prometheus-io/client'
import type { Coverage } from '../../policy/coverage.ts'
import type { Capacity } from '../../server/capacity.ts'
import { CLIENT_REFUSALS, CLOSE_REASONS, type ServerObserver, SHED_REASONS } from '../../server/observer.ts'
import { counterBy, described, gauge, gaugeBy } from './instruments.ts'
import { reviewMetrics } from './reviews.ts'

/**
 * Counts the events of the server.
 *
 * @param coverage returns the coverage in force
 */
export function serverMetrics(registry: Registry, coverage: () => Coverage): ServerObserver {
  const connections = new Gauge(described(registry, 'refgrant_connections'))
  return {
    ...reviewMetrics(registry, coverage),
    shed: counterBy(registry, 'refgrant_reviews_shed_total', SHED_REASONS),
    connectionOpened: () => connections.inc(),
    connectionEnded: () => connections.dec(),
    connectionClosed: counterBy(registry, 'refgrant_connections_closed_total', CLOSE_REASONS),
    clientRefused: counterBy(registry, 'refgrant_clients_refused_total', CLIENT_REFUSALS),
  }
}

/** Exposes how much of the capacity is in use now. */
export function capacityMetrics(registry: Registry, capacity: Capacity): void {
  gauge(registry, 'refgrant_reviews_in_flight', () => capacity.counts.reviews)
  gaugeBy(registry, 'refgrant_held_bytes', () => capacity.held)
}

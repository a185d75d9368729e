import type { Registry } from '@prometheus-io/client'
import { type ClusterObserver, LIST_REASONS, WATCH_ENDS } from '../../cluster/observer.ts'
import { counter, counterBy, gauge } from './instruments.ts'

/**
 * Counts the events of the cluster, for all kinds of grants together.
 *
 * @param incomplete returns the number of incomplete namespaces
 */
export function clusterMetrics(registry: Registry, incomplete: () => number): ClusterObserver {
  gauge(registry, 'refgrant_incomplete_namespaces', incomplete)
  const skipped = counter(registry, 'refgrant_skipped_grants_total')
  const evicted = counter(registry, 'refgrant_evicted_namespaces_total')
  const watchEnded = counterBy(registry, 'refgrant_watches_total', WATCH_ENDS)
  const listed = counterBy(registry, 'refgrant_lists_total', LIST_REASONS)
  return {
    ...freshReadMetrics(registry),
    skipped: () => skipped(),
    evicted: () => evicted(),
    watchEnded: (_resource, end) => watchEnded(end),
    listed: (_resource, reason) => listed(reason),
  }
}

function freshReadMetrics(registry: Registry) {
  const count = counterBy(registry, 'refgrant_fresh_reads_total', ['started', 'shared', 'failed', 'over_budget'])
  const seconds = counter(registry, 'refgrant_fresh_read_seconds_total')
  return {
    readStarted: () => count('started'),
    readEnded(_resource, end, milliseconds) {
      if (end === 'failed') count('failed')
      seconds(milliseconds / 1_000)
    },
    readShared: () => count('shared'),
    readRefused: () => count('over_budget'),
  } satisfies Partial<ClusterObserver>
}

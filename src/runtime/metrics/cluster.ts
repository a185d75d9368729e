import { Counter, type Registry } from '@prometheus-io/client'
import { type ClusterObserver, LIST_REASONS, UNOBSERVED, WATCH_ENDS } from '../../cluster/observer.ts'
import { counterBy, gauge } from './instruments.ts'

/**
 * Counts what is told of the API server, for all kinds of grants together.
 *
 * @param incomplete how many namespaces there are of which not all grants are cached
 */
export function clusterMetrics(registry: Registry, incomplete: () => number): ClusterObserver {
  const registers: [Registry] = [registry]
  const watchEnded = counterBy(
    {
      registers,
      name: 'refgrant_watches_total',
      help: 'Watches that ended: after their time, by a broken or silent connection, or refused by the API server.',
    },
    'end',
    WATCH_ENDS,
  )
  const listed = counterBy(
    {
      registers,
      name: 'refgrant_lists_total',
      help: 'Lists of all grants: at the start, after watches that proved nothing, because the version to go on from was too old, because the API came, went or is absent, or because the cache lacks grants.',
    },
    'reason',
    LIST_REASONS,
  )
  return {
    ...UNOBSERVED,
    ...cacheMetrics(registers, incomplete),
    ...freshReadMetrics(registers),
    watchEnded: (_resource, end) => watchEnded(end),
    listed: (_resource, reason) => listed(reason),
  }
}

/** What the cache does not hold. */
function cacheMetrics(registers: [Registry], incomplete: () => number) {
  gauge(
    {
      registers,
      name: 'refgrant_incomplete_namespaces',
      help: 'Namespaces of which not all ReferenceGrants are cached, since they are too many or one is too large; the log names them.',
    },
    incomplete,
  )
  const skipped = new Counter({
    registers,
    name: 'refgrant_skipped_grants_total',
    help: 'ReferenceGrants that arrived and were not cached, since they are too large or there is no room; one counts each time.',
  })
  const evicted = new Counter({
    registers,
    name: 'refgrant_evicted_namespaces_total',
    help: 'Namespaces all of whose cached ReferenceGrants were dropped, to make room for those of others.',
  })
  return { skipped: () => skipped.inc(), evicted: () => evicted.inc() } satisfies Partial<ClusterObserver>
}

function freshReadMetrics(registers: [Registry]) {
  const count = counterBy(
    {
      registers,
      name: 'refgrant_fresh_reads_total',
      help: 'Reads of one namespace made before a refusal: started, shared with another review, failed, over budget.',
    },
    'result',
    ['started', 'shared', 'failed', 'over_budget'],
  )
  const seconds = new Counter({
    registers,
    name: 'refgrant_fresh_read_seconds_total',
    help: 'Time that these reads took.',
  })
  return {
    readStarted: () => count('started'),
    readEnded(_resource, end, milliseconds) {
      if (end === 'failed') count('failed')
      seconds.inc(milliseconds / 1_000)
    },
    readShared: () => count('shared'),
    readRefused: () => count('over_budget'),
  } satisfies Partial<ClusterObserver>
}

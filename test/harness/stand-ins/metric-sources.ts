import { Load } from '../../../src/server/load.ts'
import type { Knowledge, MetricSources } from '../../../src/server/metrics.ts'

/** What is told of a source that knows nothing yet. */
export const unknown: Knowledge = {
  grants: 0,
  incompleteNamespaces: 0,
  unreadableFiles: 0,
  ageSeconds: Infinity,
  freshReads: { started: 0, shared: 0, failed: 0, over_budget: 0 },
  freshReadSeconds: 0,
  watches: {},
  lists: {},
}

/** Sources of the numbers, of which nothing is known but what a test says. */
export function metricSources(said: Partial<MetricSources> = {}): MetricSources {
  return {
    knowledge: () => unknown,
    load: new Load(() => 0),
    reloads: () => ({ done: 0, failed: 0 }),
    drift: () => 0,
    certificateExpiry: new Date(0),
    ...said,
  }
}

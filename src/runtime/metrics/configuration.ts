import { Gauge, type Registry } from '@prometheus-io/client'
import type { Reload } from '../../config/live.ts'
import { counterBy, described } from './instruments.ts'

/** Returns a function that counts the results of changes of the configuration file. */
export function reloadMetrics(registry: Registry): (result: Reload) => void {
  return counterBy(registry, 'refgrant_config_reloads_total', ['done', 'failed'])
}

/** Returns a function that sets the number of fields that differ; undefined if it is not known, as before the first comparison. */
export function driftMetrics(registry: Registry): (fields: number | undefined) => void {
  const drift = new Gauge(described(registry, 'refgrant_drift'))
  drift.set(Number.NaN)
  return (fields) => drift.set(fields ?? Number.NaN)
}

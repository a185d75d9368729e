import { Gauge, type Registry } from '@prometheus-io/client'
import type { Reload } from '../../config/live.ts'
import { counterBy } from './instruments.ts'

/** Counts what became of changes of the configuration file. */
export function reloadMetrics(registry: Registry): (result: Reload) => void {
  return counterBy(
    {
      registers: [registry],
      name: 'refgrant_config_reloads_total',
      help: 'Changes of the configuration file: done, or failed, where the last good one stays in force.',
    },
    'result',
    ['done', 'failed'],
  )
}

/** Takes how many fields are not as the configuration has them; undefined if that is not known, as at first. */
export function driftMetrics(registry: Registry): (fields: number | undefined) => void {
  const drift = new Gauge({
    registers: [registry],
    name: 'refgrant_drift',
    help: 'Fields of the live registration and rights that are not as the configuration has them; NaN if that is not known.',
  })
  drift.set(Number.NaN)
  return (fields) => drift.set(fields ?? Number.NaN)
}

import type { Registry } from '@prometheus-io/client'
import type { LiveConfig } from '../config/live.ts'
import type { Config } from '../config/load.ts'
import { reloadMetrics } from './metrics/configuration.ts'
import { Periodic } from './periodic.ts'
import type { Task } from './task.ts'

/**
 * How often the file is looked at, in ms. Its folder is not watched: a ConfigMap's files change by a link that is put in
 * place of another, which file systems tell of in different ways.
 */
const LOOK = 1_000

/**
 * What follows the file of the configuration; nothing, where there is none.
 *
 * @param changed takes another configuration that is in force
 */
export function reloads(live: LiveConfig, registry: Registry, changed: (config: Config) => void): Task[] {
  if (live.file === undefined) return []
  const told = reloadMetrics(registry)
  const looks = new Periodic(LOOK, () => {
    const result = live.look()
    if (result) told(result)
    if (result === 'done') changed(live.config)
  })
  return [{ name: 'reload of the configuration', run: (signal) => looks.run(signal) }]
}

import type { Registry } from '@prometheus-io/client'
import type { Config } from '../config/config.ts'
import type { LiveConfig } from '../config/live.ts'
import { reloadMetrics } from './metrics/configuration.ts'
import { Periodic } from './periodic.ts'
import type { Task } from './task.ts'

/**
 * How often to look at the file, in ms. A watch of its folder is not reliable: an update of a ConfigMap replaces a
 * symbolic link, which file systems report in different ways.
 */
const LOOK = 1_000

/**
 * Returns the task that reloads the configuration file when it changes; none without a file.
 *
 * @param changed called with each new configuration
 */
export function reloads(live: LiveConfig, registry: Registry, changed: (config: Config) => void): Task[] {
  if (live.file === undefined) return []
  const count = reloadMetrics(registry)
  const looks = new Periodic(LOOK, () => {
    const result = live.look()
    if (result) count(result)
    if (result === 'done') changed(live.config)
  })
  return [{ name: 'reload of the configuration', run: (signal) => looks.run(signal) }]
}

import type { LiveConfig } from '../config/live.ts'
import type { Config } from '../config/load.ts'
import { Periodic } from './periodic.ts'
import type { Task } from './task.ts'

/**
 * How often to look at the file, in ms. A watch of its folder is not reliable: an update of a ConfigMap replaces a
 * symbolic link, which file systems report in different ways.
 */
const LOOK = 1_000

/**
 * Returns the task that reloads the configuration file when it changes.
 *
 * @param changed called with each new configuration
 */
export function reload(live: LiveConfig, changed: (config: Config) => void): Task {
  const looks = new Periodic(LOOK, () => {
    if (live.look()) changed(live.config)
  })
  return { name: 'reload of the configuration', run: (signal) => looks.run(signal) }
}

import type { LiveConfig } from '../config/live.ts'
import type { Config } from '../config/load.ts'
import { Periodic } from './periodic.ts'
import type { Task } from './task.ts'

/**
 * How often the file is looked at, in ms. Its folder is not watched: a ConfigMap's files change by a link that is put in
 * place of another, which file systems tell of in different ways.
 */
const LOOK = 1_000

/**
 * Follows the file of the configuration.
 *
 * @param changed takes another configuration that is in force
 */
export function reload(live: LiveConfig, changed: (config: Config) => void): Task {
  const looks = new Periodic(LOOK, () => {
    if (live.look()) changed(live.config)
  })
  return { name: 'reload of the configuration', run: (signal) => looks.run(signal) }
}

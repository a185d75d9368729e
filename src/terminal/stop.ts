import { EXIT } from '../system/failure.ts'
import { tell } from './print.ts'

/**
 * Returns a signal that aborts at the first SIGINT or SIGTERM. A second one ends the process immediately.
 *
 * @param consequence what a user then has to know
 */
export function stopSignal(consequence: string): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) {
        tell(`ended immediately by a second signal (${signal}): ${consequence}`)
        process.exit(EXIT.failed)
      }
      controller.abort(signal)
    })
  }
  return controller.signal
}

import type { Api } from '../cluster/api.ts'
import { clearProgress, showProgress } from '../terminal/progress.ts'

/** Reads something of a cluster, and may be interrupted. */
type Work<T> = (tell: (what: string) => void, signal: AbortSignal) => Promise<T>

/**
 * Reads a cluster, until SIGINT. Shows on a terminal what is listed at the moment, but not before a credential plugin has asked
 * what it may ask there.
 */
export async function whileListing<T>(api: Pick<Api, 'authenticate'>, work: Work<T>): Promise<T> {
  const interrupted = new AbortController()
  const stop = () => interrupted.abort(new Error('interrupted'))
  process.once('SIGINT', stop)
  clearProgress()
  try {
    await api.authenticate(interrupted.signal)
    return await work((what) => showProgress(`listing ${what}`), interrupted.signal)
  } catch (error) {
    // The client has words of its own for a request that is aborted.
    throw interrupted.signal.aborted ? interrupted.signal.reason : error
  } finally {
    process.off('SIGINT', stop)
    clearProgress()
  }
}

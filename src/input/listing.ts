import { clearProgress, showProgress } from '../terminal/progress.ts'

/** Reads something of a cluster, and may be interrupted. */
type Work<T> = (tell: (what: string) => void, signal: AbortSignal) => Promise<T>

/** Reads a cluster, until SIGINT. Shows on a terminal what is listed at the moment. */
export async function whileListing<T>(work: Work<T>): Promise<T> {
  const interrupted = new AbortController()
  const stop = () => interrupted.abort(new Error('interrupted'))
  process.once('SIGINT', stop)
  try {
    return await work((what) => showProgress(`listing ${what}`), interrupted.signal)
  } catch (error) {
    // The client has words of its own for a request that is aborted.
    throw interrupted.signal.aborted ? interrupted.signal.reason : error
  } finally {
    process.off('SIGINT', stop)
    clearProgress()
  }
}

/** Reads something of a cluster, and may be interrupted. */
type Work<T> = (tell: (what: string) => void, signal: AbortSignal) => Promise<T>

/** Reads a cluster, until SIGINT. Shows on a terminal what is listed at the moment. */
export async function whileListing<T>(work: Work<T>): Promise<T> {
  const interrupted = new AbortController()
  const stop = () => interrupted.abort(new Error('interrupted'))
  process.once('SIGINT', stop)
  const tell = (what: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Klisting ${what}`)
  }
  try {
    return await work(tell, interrupted.signal)
  } finally {
    process.off('SIGINT', stop)
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}

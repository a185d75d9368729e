/**
 * Waits for a result until the signal. It leaves no listener on the signal.
 *
 * @throws the signal's reason if the signal aborts first
 */
export async function unlessAborted<T>(signal: AbortSignal, result: Promise<T>): Promise<T> {
  // If the signal aborts first, a later failure of the result must not end the process.
  result.catch(() => {})
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([result, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

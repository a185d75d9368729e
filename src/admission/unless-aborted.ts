/** The result, or the signal's reason if that comes first; nothing of the wait stays with the signal. */
export async function unlessAborted<T>(signal: AbortSignal, result: Promise<T>): Promise<T> {
  // If the signal comes first, its failure is nobody's.
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

/** Requests remembered. One that is forgotten is asked to come back once more, which does no harm. */
const REMEMBERED = 4_096

/** Tries that are answered with an invitation to come back. The API server would come back up to 10 times. */
const INVITED_TRIES = 2

/**
 * Counts the tries of each request that could not be answered. The API server repeats a call for which it gets
 * `Retry-After`, perhaps to another replica, and hides the reason while it does: so a request is invited back twice,
 * and the third answer tells its user why.
 *
 * Source: k8s.io/client-go/rest/with_retry.go.
 */
export class Retries {
  readonly #tries = new Map<string, number>()

  /** Whether this request should come back; counts the try. */
  invite(uid: string): boolean {
    const tries = (this.#tries.get(uid) ?? 0) + 1
    this.#tries.delete(uid)
    this.#tries.set(uid, tries)
    const [oldest] = this.#tries.keys()
    if (this.#tries.size > REMEMBERED && oldest !== undefined) this.#tries.delete(oldest)
    return tries <= INVITED_TRIES
  }
}

/** When an invited request comes back, in s: the least that `Retry-After` can say beyond "at once". */
export const RETRY_AFTER = 1

/** Requests remembered. One that is forgotten is asked to come back once more, which does no harm. */
const REMEMBERED = 4_096

/** Tries that are answered with an invitation to come back. The API server would come back up to 10 times. */
const INVITED_TRIES = 2

/**
 * Counts the tries of each request that could not be answered. The API server repeats a call for which it gets
 * `Retry-After`, perhaps to another replica, and hides the reason while it does: so a request is invited back twice,
 * and the third answer tells its user why; or an earlier one, if the API server would give up before another.
 *
 * Source: k8s.io/client-go/rest/with_retry.go.
 */
export class Retries {
  readonly #requests = new Map<string, { readonly begun: number; tries: number }>()

  /** When the first try of a request arrived, if it is known to have been tried. */
  begun(uid: string): number | undefined {
    return this.#requests.get(uid)?.begun
  }

  /**
   * Whether this request should come back; counts the try.
   *
   * @param time when its first try arrived, and how long the API server waits from now on, in ms
   */
  invite(uid: string, { begun, left }: { readonly begun: number; readonly left: number }): boolean {
    const known = this.#requests.get(uid)
    const request = known?.begun === begun ? known : { begun, tries: 0 }
    request.tries += 1
    this.#requests.delete(uid)
    this.#requests.set(uid, request)
    const [oldest] = this.#requests.keys()
    if (this.#requests.size > REMEMBERED && oldest !== undefined) this.#requests.delete(oldest)
    return request.tries <= INVITED_TRIES && left > RETRY_AFTER * 1_000
  }
}

/** The delay of a retry, in s: the shortest `Retry-After` that is not 0. */
export const RETRY_AFTER = 1

/** The most requests that are remembered. A forgotten request gets more retries, which is harmless. */
const REMEMBERED = 4_096

/** The tries that are answered with `Retry-After`. The API server would retry up to 10 times. */
const INVITED_TRIES = 2

/**
 * Counts the tries of each request that could not be answered. On `Retry-After` the API server retries, perhaps at
 * another replica, and hides the reason from its user. So the first two tries get `Retry-After`, and the third answer
 * shows the reason; an earlier one does if the API server has no time for another try.
 *
 * A retry has the uid of its request, since it sends the same body. Every other call of a webhook has a new uid, so only
 * clients that are no API server can share one: their requests count as tries of the first while its timeout has not passed.
 *
 * Source: k8s.io/client-go/rest/with_retry.go; k8s.io/apiserver/pkg/admission/plugin/webhook/request/admissionreview.go,
 * CreateAdmissionObjects.
 */
export class Retries {
  readonly #requests = new Map<string, { readonly begun: number; tries: number }>()

  /** Returns when the first try of a request arrived; undefined if it is not remembered. */
  begun(uid: string): number | undefined {
    return this.#requests.get(uid)?.begun
  }

  /**
   * Counts a try, and returns whether the API server should retry.
   *
   * @param time when the first try arrived, and the remaining time of the API server, in ms
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

import type { ApiClient } from '../control-plane/api-client.ts'
import { until } from '../until.ts'
import { askApiServer } from './ask.ts'

/**
 * Reviews at once: more than the 25 idle connections that an API server keeps, so that each wave makes handshakes.
 * Source: MaxIdleConnsPerHost in k8s.io/client-go/transport/cache.go.
 */
const AT_ONCE = 40

/** Writes that the API server asks refgrant about, wave after wave, and those that got no verdict. */
export class ConstantLoad {
  readonly #api: ApiClient
  readonly #atOnce: number
  readonly #from: string
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  /** Reviews so far. */
  asked = 0
  /** When reviews failed, in ms of a monotonic clock, and what the requester was told. */
  readonly failures: { readonly at: number; readonly said: string }[] = []

  /** @param from the namespace of the referrers */
  constructor(api: ApiClient, from = 'shop', atOnce = AT_ONCE) {
    this.#api = api
    this.#from = from
    this.#atOnce = atOnce
    this.#running = this.#run()
  }

  /** Waits for two more waves: the second begins after this call. */
  async goesOn(): Promise<void> {
    const enough = this.asked + 2 * this.#atOnce
    await until('the load goes on', () => this.asked >= enough)
  }

  /** Ends it. Returns how many reviews failed, and for how long, for a person. */
  async stop(): Promise<string> {
    this.#stop.abort()
    await this.#running
    const [first, last] = [this.failures[0]?.at ?? 0, this.failures.at(-1)?.at ?? 0]
    return `${this.failures.length} of ${this.asked} reviews failed, for ${Math.round(last - first)} ms`
  }

  async #run(): Promise<void> {
    const reference = { from: this.#from, to: 'billing', target: 'payments' }
    while (!this.#stop.signal.aborted)
      await Promise.all(
        Array.from({ length: this.#atOnce }, async () => {
          const { verdict, said = '' } = await askApiServer(this.#api, reference)
          if (verdict !== 'denied') this.failures.push({ at: performance.now(), said })
          this.asked += 1
        }),
      )
  }
}

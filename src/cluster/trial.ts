import { setTimeout as wait } from 'node:timers/promises'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'
import { OwnRegistration } from './own-objects.ts'

/** The version that every release of Gateway API serves. */
const GROUP = '/apis/gateway.networking.k8s.io'
const VERSION = 'v1beta1'

/** The name of the objects of a trial: it exposes nothing, since no Service should have it. */
const NAME = 'refgrant-probe'

/** How often to look, in ms, and how long the removal of the grant may take. */
const LOOK = 500
const REMOVAL = 10_000

/** What comes of the dry run of a route: the answer of the API server. */
export interface Outcome {
  /** Why the API server refused it; undefined if it did not. */
  readonly refusal?: string
  readonly warnings: readonly string[]
}

/** Tests whether the API server calls refgrant, by dry runs of a route that refers to another namespace. */
export class Trial {
  readonly #api: Api
  readonly #namespace: string
  readonly #target: string
  readonly #patience: number

  /**
   * @param namespace the namespace of the route
   * @param target the namespace that it refers to, in which the trial creates a grant
   * @param patience how long the API server may take to see a change, in ms
   */
  constructor(api: Api, namespace: string, target: string, patience: number) {
    this.#api = api
    this.#namespace = namespace
    this.#target = target
    this.#patience = patience
  }

  /** Whether the cluster has the kinds of the trial. */
  async isPossible(signal: AbortSignal): Promise<boolean> {
    const found = Object((await this.#api.find(`${GROUP}/${VERSION}`, signal)) ?? {}) as {
      resources?: { name: string }[]
    }
    const names = new Set((found.resources ?? []).map(({ name }) => name))
    return names.has('httproutes') && names.has('referencegrants')
  }

  /** Returns the value of a label of the namespace of the route. */
  async label(key: string, signal: AbortSignal): Promise<string | undefined> {
    const found = await this.#api.get(`/api/v1/namespaces/${this.#namespace}`, signal)
    return (found as { metadata: { labels?: Record<string, string> } }).metadata.labels?.[key]
  }

  /** Returns a registration; undefined if it does not exist, and `unknown` if the account may not read it. */
  async registration(name: string, signal: AbortSignal): Promise<unknown> {
    const registration = new OwnRegistration(this.#api, name)
    return registration.read(signal).catch((error) => {
      if (error instanceof ApiError && error.status === 403) return 'unknown'
      throw error
    })
  }

  /** Repeats the dry run until the outcome is as expected, or until it should have been; returns the last outcome. */
  async until(isExpected: (outcome: Outcome) => boolean, signal: AbortSignal): Promise<Outcome> {
    for (const end = performance.now() + this.#patience; ; await wait(LOOK, undefined, { signal })) {
      const outcome = await this.once(signal)
      if (isExpected(outcome) || performance.now() > end) return outcome
    }
  }

  /** Returns the outcome of one dry run. */
  async once(signal: AbortSignal): Promise<Outcome> {
    const backendRefs = [{ name: NAME, namespace: this.#target, port: 80 }]
    const route = { kind: 'HTTPRoute', metadata: { name: NAME }, spec: { rules: [{ backendRefs }] } }
    const path = `${GROUP}/${VERSION}/namespaces/${this.#namespace}/httproutes?dryRun=All`
    try {
      return { warnings: await this.#api.warningsOf(created(path, route), signal) }
    } catch (error) {
      if (error instanceof ApiError) return { refusal: error.message, warnings: [] }
      throw error
    }
  }

  /** Does the work while a grant permits the reference of the route. */
  async granted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const from = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: this.#namespace }]
    const spec = { from, to: [{ group: '', kind: 'Service', name: NAME }] }
    const path = `${GROUP}/${VERSION}/namespaces/${this.#target}/referencegrants`
    // A trial that was killed may have left it.
    await this.#remove(path, signal)
    try {
      await this.#api.write(created(path, { kind: 'ReferenceGrant', metadata: { name: NAME }, spec }), signal)
      return await work()
    } finally {
      await this.#remove(path, AbortSignal.timeout(REMOVAL))
    }
  }

  async #remove(path: string, signal: AbortSignal): Promise<void> {
    await this.#api.write({ method: 'DELETE', path: `${path}/${NAME}` }, signal).catch((error) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error
    })
  }
}

function created(path: string, object: object) {
  const body = { apiVersion: `gateway.networking.k8s.io/${VERSION}`, ...object }
  return { method: 'POST', path, contentType: 'application/json', body } as const
}

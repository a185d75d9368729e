import { randomUUID } from 'node:crypto'
import type { Api } from './api.ts'

/** A Secret with unvalidated data. */
export interface Secret {
  readonly data?: unknown
}

/** The one Secret of the server. */
export class OwnSecret {
  readonly #api: Api
  readonly #namespace: string
  readonly #name: string
  /** The manager of what this replica applies. */
  readonly #manager = `refgrant-${randomUUID()}`

  constructor(api: Api, namespace: string, name: string) {
    this.#api = api
    this.#namespace = namespace
    this.#name = name
  }

  /**
   * Returns the Secret; undefined if it does not exist.
   *
   * @throws ApiError or Error if it cannot be read
   */
  read(signal: AbortSignal): Promise<Secret | undefined> {
    return this.#api.find(this.#path, signal) as Promise<Secret | undefined>
  }

  /**
   * Stores data, unless the Secret has changed since it was read.
   *
   * @param secret as it was read; undefined creates it
   * @param keys the keys that the data replaces: one that the data lacks is removed
   * @throws ApiError with the status 409 if it has changed, or another replica has created it
   */
  async write(
    secret: Secret | undefined,
    data: Readonly<Record<string, string>>,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    if (!secret) return this.#create(data, signal)
    const others = Object.entries(Object(secret.data)).filter(([key]) => !keys.includes(key))
    const body = { ...secret, data: { ...Object.fromEntries(others), ...data } }
    await this.#api.write({ method: 'PUT', path: this.#path, contentType: 'application/json', body }, signal)
  }

  /**
   * Creates it by an apply, because a right to create objects by POST cannot be limited to a name. Each replica is a
   * manager of its own, so that its apply conflicts with that of another.
   */
  async #create(data: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const metadata = { namespace: this.#namespace, name: this.#name }
    const body = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data }
    const path = `${this.#path}?fieldManager=${this.#manager}`
    await this.#api.write({ method: 'PATCH', path, contentType: 'application/apply-patch+yaml', body }, signal)
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#namespace}/secrets/${this.#name}`
  }
}

/** The one registration of the server. */
export class OwnRegistration {
  readonly #api: Api
  readonly #path: string

  constructor(api: Api, name: string) {
    this.#api = api
    this.#path = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}`
  }

  /**
   * Returns the registration; undefined if it does not exist.
   *
   * @throws ApiError or Error if it cannot be read
   */
  read(signal: AbortSignal): Promise<unknown> {
    return this.#api.find(this.#path, signal)
  }

  /**
   * Applies a JSON Patch, and returns the patched registration. Server-side apply does not work here: if the owner
   * removes an entry, the fields that this account owns keep an incomplete entry, which the API server rejects.
   *
   * @throws ApiError with the status 422 if a test of the patch fails
   */
  patch(operations: readonly object[], signal: AbortSignal): Promise<unknown> {
    const path = `${this.#path}?fieldManager=refgrant`
    const contentType = 'application/json-patch+json'
    return this.#api.write({ method: 'PATCH', path, contentType, body: operations }, signal)
  }
}

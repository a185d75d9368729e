import https from 'node:https'
import { text } from 'node:stream/consumers'
import type { ApiObject } from '../objects/api-object.ts'
import { until } from '../until.ts'

/** A client of a test's API server, with the rights of a token. */
export class ApiClient {
  readonly #server: string
  readonly #token: string
  readonly #agent: https.Agent
  readonly #resources = new Map<string, { path: string; namespaced: boolean }>()

  constructor(server: string, ca: string, token: string) {
    this.#server = server
    this.#token = token
    this.#agent = new https.Agent({ ca, keepAlive: true })
  }

  /** One request; any status is an answer. */
  async request(method: string, path: string, body?: unknown, contentType = 'application/json') {
    const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>()
    const headers = { authorization: `Bearer ${this.#token}`, accept: 'application/json', 'content-type': contentType }
    const request = https.request(`${this.#server}${path}`, { method, headers, agent: this.#agent }, resolve)
    request.on('error', reject)
    request.end(body === undefined ? undefined : JSON.stringify(body))
    const response = await promise
    const answer = await text(response)
    // biome-ignore lint/suspicious/noExplicitAny: an answer of the Kubernetes API, which tests look into
    let parsed: any = answer
    try {
      parsed = JSON.parse(answer)
    } catch {
      // Health endpoints and some errors are plain text.
    }
    return { status: response.statusCode ?? 0, body: parsed }
  }

  /** One request that must succeed; returns the body. */
  async must(method: string, path: string, body?: unknown, contentType?: string) {
    const answer = await this.request(method, path, body, contentType)
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: HTTP ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  /** Server-side apply of each object, in order. */
  async apply(...objects: readonly ApiObject[]): Promise<void> {
    for (const object of objects) {
      const path = `${await this.pathOf(object)}?fieldManager=test&force=true`
      await this.must('PATCH', path, object, 'application/apply-patch+yaml')
    }
  }

  /** Creates an object; any status is an answer. */
  async create(object: ApiObject, query = '') {
    return this.request('POST', `${(await this.pathOf(object)).replace(/\/[^/]*$/, '')}${query}`, object)
  }

  /** Deletes each object; one that is not there is no error. */
  async delete(...objects: readonly ApiObject[]): Promise<void> {
    for (const object of objects) await this.request('DELETE', await this.pathOf(object))
  }

  /** The API path of an object. */
  async pathOf({ apiVersion, kind, metadata }: ApiObject): Promise<string> {
    const { path, namespaced } = await this.#resource(apiVersion, kind)
    const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
    return `${group}${namespaced ? `/namespaces/${metadata.namespace}` : ''}/${path}/${metadata.name}`
  }

  /** Installs CRDs and waits until the API server serves them all. */
  async installCrds(crds: readonly ApiObject[]): Promise<void> {
    await this.apply(...crds)
    for (const { metadata } of crds) {
      await until(`${metadata.name} is established`, async () => {
        const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${metadata.name}`
        const { status } = await this.must('GET', path)
        return status?.conditions?.some(
          (c: { type: string; status: string }) => c.type === 'Established' && c.status === 'True',
        )
      })
    }
  }

  /** A token of a service account, by TokenRequest; of a Secret it is bound to, the end is its own. */
  async token(namespace: string, name: string, secret?: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
    const boundObjectRef = secret !== undefined && { apiVersion: 'v1', kind: 'Secret', name: secret }
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { ...(boundObjectRef && { boundObjectRef }) },
    }
    return (await this.must('POST', path, body)).status.token
  }

  async #resource(apiVersion: string, kind: string): Promise<{ path: string; namespaced: boolean }> {
    const key = `${apiVersion}/${kind}`
    const known = this.#resources.get(key)
    if (known) return known
    const { resources } = await this.must('GET', apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`)
    const found = resources.find((r: { kind: string; name: string }) => r.kind === kind && !r.name.includes('/'))
    if (!found) throw new Error(`the API server serves no ${kind} of ${apiVersion}`)
    const resource = { path: found.name as string, namespaced: found.namespaced as boolean }
    this.#resources.set(key, resource)
    return resource
  }
}

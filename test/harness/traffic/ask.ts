import { randomUUID } from 'node:crypto'
import { Agent } from 'node:https'
import type { ApiClient } from '../control-plane/api-client.ts'
import type { Refgrant } from '../program/refgrant.ts'
import type { Hands, Reference } from './churn.ts'
import { post } from './post.ts'
import { GROUP, review } from './reviews.ts'

/** How long the API server waits for the webhook, in s, as registered (src/manifests/webhook.ts). */
const TIMEOUT = 5

type Answer = Awaited<ReturnType<Hands['ask']>>

/** An HTTPRoute that refers to the target. */
function route({ from, to, target }: Reference) {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'HTTPRoute',
    metadata: { name: 'route', namespace: from },
    spec: { rules: [{ backendRefs: [{ name: target, namespace: to, port: 80 }] }] },
  }
}

/** Asks by a dry run of a route's creation: whatever is neither stored nor refused by refgrant is no verdict. */
export async function askApiServer(api: ApiClient, reference: Reference): Promise<Answer> {
  const path = `/apis/${GROUP}/v1/namespaces/${reference.from}/httproutes?dryRun=All`
  const answer = await api.request('POST', path, route(reference))
  const said = String(answer.body?.message ?? '')
  if (answer.status === 201) return { verdict: 'permitted' }
  const refused = answer.status === 403 && said.includes('admission webhook "deny.refgrant.dev" denied the request')
  return { verdict: refused ? 'denied' : 'unjudged', said: `HTTP ${answer.status} ${said}` }
}

const agent = new Agent({ keepAlive: true })

/** Asks refgrant itself, as the API server would: possible while there is none. */
export function askRefgrant(server: Server, reference: Reference): Promise<Answer> {
  return judge(server, reference, null, ({ allowed, status }) => ({
    verdict: allowed ? 'permitted' : 'denied',
    said: status?.message ?? '',
  }))
}

/**
 * Asks what refgrant's index knows, as its watch left it: by an update that keeps the reference. It is allowed either
 * way, with a warning if no grant permits the reference; that causes no fresh read. While the index is older than
 * knowledge may be, there is no warning.
 */
export function askIndex(server: Server, reference: Reference): Promise<Answer> {
  return judge(server, reference, route(reference), ({ warnings }) => ({ verdict: warnings ? 'denied' : 'permitted' }))
}

type Server = Pick<Refgrant, 'url' | 'ca'>

/** What refgrant responds. */
interface Response {
  readonly allowed: boolean
  readonly status?: { readonly message?: string }
  readonly warnings?: readonly string[]
}

/** @param stored the stored object, if the review is of an update */
async function judge(
  { url, ca }: Server,
  reference: Reference,
  stored: object | null,
  verdictOf: (response: Response) => Answer,
): Promise<Answer> {
  const object = JSON.stringify(route(reference))
  const change = { uid: randomUUID(), name: 'route', namespace: reference.from }
  const update = stored && { operation: 'UPDATE' as const, oldObject: JSON.stringify(stored) }
  const answer = await post(`${url}/deny?timeout=${TIMEOUT}s`, review(object, { ...change, ...update }), { agent, ca })
  if (answer.status !== 200) return { verdict: 'unjudged', said: `HTTP ${answer.status} ${answer.body}` }
  return verdictOf(JSON.parse(answer.body).response)
}

import type { Difference } from '../wording/drift.ts'

/** The default port of a Service in an entry (admissionregistration.k8s.io/v1, ServiceReference). */
const SERVICE_PORT = 443

interface Service {
  readonly namespace?: unknown
  readonly name?: unknown
  readonly path?: unknown
  readonly port?: unknown
}

interface Client {
  readonly url?: unknown
  readonly service?: Service | null
}

/**
 * Returns the differences in how the API server reaches an entry.
 *
 * The path always counts, since it selects the mode. If the manifests name the Service and the live entry has a URL, an
 * administrator has chosen the URL: it only has to end with the path.
 */
export function clientDifferences(wanted: unknown, live: unknown, field: string): Difference[] {
  const expected = wanted as Client
  const found = Object(live) as Client
  if (expected.url !== undefined) {
    if (sameUrl(expected.url, found.url)) return []
    return [{ field: `${field}.url`, wanted: expected.url, found: found.url }]
  }
  if (found.url !== undefined && found.url !== null) {
    const { path } = expected.service ?? {}
    if (endsWith(found.url, String(path))) return []
    return [
      {
        field: `${field}.url`,
        found: found.url,
        problem: `is ${JSON.stringify(found.url)}, and must end with ${path}`,
      },
    ]
  }
  return serviceDifferences(expected.service ?? {}, Object(found.service), `${field}.service`)
}

function serviceDifferences(wanted: Service, live: Service, field: string): Difference[] {
  const expected = { port: SERVICE_PORT, ...wanted }
  const found = { ...live, port: live.port ?? SERVICE_PORT }
  return (['namespace', 'name', 'path', 'port'] as const)
    .filter((key) => expected[key] !== found[key])
    .map((key) => ({ field: `${field}.${key}`, wanted: expected[key], found: found[key] }))
}

function sameUrl(one: unknown, other: unknown): boolean {
  const [a, b] = [one, other].map((url) => (typeof url === 'string' && URL.canParse(url) ? new URL(url).href : url))
  return a === b
}

/** Whether the path of a URL ends with another: a reverse proxy may serve the webhook below its own path. */
function endsWith(url: unknown, path: string): boolean {
  return typeof url === 'string' && URL.canParse(url) && new URL(url).pathname.endsWith(path)
}

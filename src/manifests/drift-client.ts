import type { Difference } from './drift.ts'

/** The port of a Service that an entry leaves out (admissionregistration.k8s.io/v1, ServiceReference). */
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
 * Where an entry is reached otherwise than the manifests have it.
 *
 * The path counts always, since it chooses the mode. A live URL is somebody's choice that the configuration knows
 * nothing of: where the manifests name the Service, all that counts of a URL is that it ends in the path.
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
    if (endsIn(found.url, String(path))) return []
    return [
      {
        field: `${field}.url`,
        found: found.url,
        problem: `is ${JSON.stringify(found.url)}, and has to end in ${path}`,
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

/** A reverse proxy may serve the webhook below a path of its own. */
function endsIn(url: unknown, path: string): boolean {
  return typeof url === 'string' && URL.canParse(url) && new URL(url).pathname.endsWith(path)
}

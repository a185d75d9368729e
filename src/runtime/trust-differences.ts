import { isDeepStrictEqual } from 'node:util'
import { authoritiesIn, hostProblem, listed, trustProblem } from '../certificates/trust.ts'
import type { Difference } from '../wording/drift.ts'

/** The part of a live entry that says how the API server reaches and verifies the webhook. */
interface Entry {
  readonly name: string
  readonly clientConfig?: {
    readonly url?: unknown
    readonly service?: { readonly namespace?: unknown; readonly name?: unknown } | null
    /** PEM in base64. */
    readonly caBundle?: unknown
  } | null
}

interface Trust {
  /** PEM of the served certificate, with its chain; undefined if no certificate is served. */
  readonly served: string | undefined
  /** PEM of the authorities that every entry must have; undefined if they are not given. */
  readonly wanted: string | undefined
  /** The time of the API server. */
  readonly now: Date
}

/**
 * Returns the entries of a live registration that do not trust the served certificate, or do not have the expected
 * authorities.
 *
 * @param names the entries to check
 */
export function trustDifferences(live: unknown, names: ReadonlySet<string>, trust: Trust): Difference[] {
  const { webhooks } = live as { webhooks?: unknown }
  const entries = (Array.isArray(webhooks) ? webhooks : []) as (Entry | null)[]
  // Nearly always, all entries have the same bundle and host, and a bundle may hold hundreds of authorities.
  const known = new Map<string, string | undefined>()
  const once = (key: string, problem: () => string | undefined): string | undefined => {
    if (!known.has(key)) known.set(key, problem())
    return known.get(key)
  }
  return entries.flatMap((entry) => {
    if (!entry || !names.has(entry.name)) return []
    const { caBundle } = entry.clientConfig ?? {}
    const field = `webhooks[${entry.name}].clientConfig`
    const problem = once(`bundle ${caBundle}`, () => bundleProblem(pemOf(caBundle), trust))
    const host = hostOf(entry)
    const misnamed = host && trust.served !== undefined && once(host, () => hostProblem(trust.served ?? '', host))
    return [
      ...(problem ? [{ field: `${field}.caBundle`, problem }] : []),
      ...(misnamed ? [{ field, problem: misnamed }] : []),
    ]
  })
}

function bundleProblem(caBundle: string, { served, wanted, now }: Trust): string | undefined {
  if (wanted !== undefined) return otherAuthorities(caBundle, wanted)
  return served === undefined ? undefined : trustProblem(served, caBundle, now)
}

function otherAuthorities(caBundle: string, wanted: string): string | undefined {
  const [found, expected] = [authoritiesIn(caBundle), authoritiesIn(wanted)]
  const prints = (all: typeof found) => new Set(all.map(({ fingerprint256 }) => fingerprint256))
  if (isDeepStrictEqual(prints(found), prints(expected))) return undefined
  return `holds ${listed(found) || 'no certificate'}, and --ca holds ${listed(expected)}`
}

function pemOf(caBundle: unknown): string {
  return typeof caBundle === 'string' ? Buffer.from(caBundle, 'base64').toString() : ''
}

/** Returns the host that the API server verifies. Source: k8s.io/apiserver/pkg/util/webhook/client.go. */
function hostOf({ clientConfig }: Entry): string | undefined {
  const { url, service } = clientConfig ?? {}
  if (typeof url === 'string') return URL.canParse(url) ? new URL(url).hostname : undefined
  return service ? `${service.name}.${service.namespace}.svc` : undefined
}

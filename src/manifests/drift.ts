import { isDeepStrictEqual } from 'node:util'
import { clientDifferences } from './drift-client.ts'
import { ruleDifferences } from './drift-rules.ts'
import { selectorDifferences } from './drift-selector.ts'

/** A field of a live object that is not as the manifests have it. */
export interface Difference {
  /** The field, such as `webhooks[deny.refgrant.dev].timeoutSeconds`. */
  readonly field: string
  /** What the manifests say; undefined if the live object has something that they do not. */
  readonly wanted?: unknown
  /** What there is; undefined if it is missing. */
  readonly found?: unknown
  /** What is wrong, in words that follow the field, where the two values do not say it. */
  readonly problem?: string
  /** Who is known to make this difference, and may. */
  readonly tolerated?: string
}

/** What an entry has that the manifests leave out. Source: k8s.io/kubernetes/pkg/apis/admissionregistration/v1/defaults.go. */
const ENTRY_DEFAULTS = { namespaceSelector: {}, objectSelector: {}, matchConditions: [] }

/**
 * Where a live object differs from the one that would be written now. Only what would be written is compared, and what
 * an entry of a registration is called for: the API server fills in defaults, and others may label. The authorities
 * that an entry is verified with are not compared, since the manifests leave them to whoever manages the certificate.
 */
export function differences(wanted: unknown, live: unknown, field = ''): Difference[] {
  if (field.endsWith('.clientConfig')) return clientDifferences(wanted, live, field)
  // Those of an entry of a registration have another place.
  if (field === 'rules') return ruleDifferences(wanted, live, field)
  if (field.endsWith('Selector')) return selectorDifferences(wanted, live, field)
  if (Array.isArray(wanted)) return listDifferences(wanted, live, field)
  if (typeof wanted === 'object' && wanted !== null) {
    const found = typeof live === 'object' && live !== null ? (live as Record<string, unknown>) : {}
    const complete = /^webhooks\[[^[\]]*\]$/.test(field) ? { ...ENTRY_DEFAULTS, ...wanted } : wanted
    return Object.entries(complete).flatMap(([name, value]) =>
      differences(value, found[name], field === '' ? name : `${field}.${name}`),
    )
  }
  return isDeepStrictEqual(wanted, live) ? [] : [{ field, wanted, found: live }]
}

function listDifferences(wanted: readonly unknown[], live: unknown, field: string): Difference[] {
  const found: readonly unknown[] = Array.isArray(live) ? live : []
  if (!wanted.every(isNamed)) return isDeepStrictEqual(wanted, found) ? [] : unequal(wanted, live, field)
  const names = new Set(wanted.map(({ name }) => name))
  const extra = found.filter((one) => !isNamed(one) || !names.has(one.name))
  return [
    ...wanted.flatMap((one) => {
      const twin = found.find((other) => isNamed(other) && other.name === one.name)
      const place = `${field}[${one.name}]`
      return twin === undefined ? [{ field: place, wanted: one }] : differences(one, twin, place)
    }),
    ...extra.map((one) => ({ field: isNamed(one) ? `${field}[${one.name}]` : field, found: one })),
  ]
}

/** Lists of which the API server completes the elements differ by element, others as a whole. */
function unequal(wanted: readonly unknown[], live: unknown, field: string): Difference[] {
  if (!Array.isArray(live) || live.length !== wanted.length) return [{ field, wanted, found: live }]
  return wanted.flatMap((one, index) => differences(one, live[index], `${field}[${index}]`))
}

function isNamed(value: unknown): value is { readonly name: string } {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
}

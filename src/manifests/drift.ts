import { isDeepStrictEqual } from 'node:util'

/** A field of a live object that is not as the manifests have it. */
export interface Difference {
  /** The field, such as `webhooks[deny.refgrant.dev].timeoutSeconds`. */
  readonly field: string
  /** What the manifests say; undefined if the live object has something that they do not. */
  readonly wanted?: unknown
  /** What there is; undefined if it is missing. */
  readonly found?: unknown
}

/**
 * Where a live object differs from the one that would be written now. Only what would be written is compared: the API
 * server fills in defaults, and others may label. How the webhook is reached is not compared, as it is not configured:
 * an address, and authorities that whoever manages the certificate puts in.
 */
export function differences(wanted: unknown, live: unknown, field = ''): Difference[] {
  if (field.endsWith('.clientConfig')) return []
  if (Array.isArray(wanted)) return listDifferences(wanted, live, field)
  if (typeof wanted === 'object' && wanted !== null) {
    const found = typeof live === 'object' && live !== null ? (live as Record<string, unknown>) : {}
    return Object.entries(wanted).flatMap(([name, value]) =>
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

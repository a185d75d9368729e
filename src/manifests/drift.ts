import { isDeepStrictEqual } from 'node:util'
import type { Difference } from '../wording/drift.ts'
import { clientDifferences } from './drift-client.ts'
import { ruleDifferences } from './drift-rules.ts'
import { selectorDifferences } from './drift-selector.ts'

/** Defaults of an entry's fields. Source: k8s.io/kubernetes/pkg/apis/admissionregistration/v1/defaults.go. */
const ENTRY_DEFAULTS = { namespaceSelector: {}, objectSelector: {}, matchConditions: [] }

/**
 * Returns the differences between a live object and the manifests. It compares the fields of the manifests, and those
 * that select the requests of an entry. It ignores others, since the API server sets defaults and other clients may set
 * labels. It does not compare caBundle, which belongs to whatever manages the certificate.
 */
export function differences(wanted: unknown, live: unknown, field = ''): Difference[] {
  if (field.endsWith('.clientConfig')) return clientDifferences(wanted, live, field)
  // Only a ClusterRole has `rules` at the top: those of an entry are in `webhooks[...].rules`.
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

/**
 * Compares lists of equal length by element, since the API server may set defaults in elements, and others as a whole.
 */
function unequal(wanted: readonly unknown[], live: unknown, field: string): Difference[] {
  if (!Array.isArray(live) || live.length !== wanted.length) return [{ field, wanted, found: live }]
  return wanted.flatMap((one, index) => differences(one, live[index], `${field}[${index}]`))
}

function isNamed(value: unknown): value is { readonly name: string } {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
}

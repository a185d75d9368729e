import type { Half } from './entry-fields.ts'
import { type GrantKind, REFERENCE_GRANT, VERSIONS } from './grant-kinds.ts'
import { MOST_ENTRIES, SUBDOMAIN, VALID } from './names.ts'
import { property } from './property.ts'

/** The parts of an entry, and whether each is required. */
const PARTS = {
  from: { group: true, kind: true, namespace: true },
  to: { group: true, kind: true, name: false },
} as const

/**
 * Returns the first field for which the API server rejects a ReferenceGrant; undefined if it accepts the grant, or if the
 * grant is of another kind, whose schema is not known.
 *
 * Source: the CRDs of Gateway API v0.6 to v1.7. Does not check whether entries are missing, since such a grant permits
 * nothing.
 */
export function refusedField(object: unknown, kind: GrantKind): string | undefined {
  if (kind !== REFERENCE_GRANT) return undefined
  if (!hasKnownVersion(object)) return 'apiVersion'
  if (!hasPossibleName(object)) return 'metadata.name'
  const spec = property(object, 'spec')
  return refusedPart(spec, 'from') ?? refusedPart(spec, 'to')
}

/** Whether a ReferenceGrant is of the version that releases up to v1.1 served. It counts, since a cluster may have one of these. */
export function hasOldVersion(object: unknown): boolean {
  return String(property(object, 'apiVersion')).endsWith('/v1alpha2')
}

/** Whether the version of a ReferenceGrant, if it has one, is that of a release of Gateway API. */
export function hasKnownVersion(object: unknown): boolean {
  const apiVersion = property(object, 'apiVersion')
  return apiVersion === undefined || VERSIONS.includes(String(apiVersion).split('/', 2)[1] ?? '')
}

/** Whether the API server accepts the name of a grant, if it has one. */
export function hasPossibleName(object: unknown): boolean {
  const name = property(property(object, 'metadata'), 'name')
  return name === undefined || (typeof name === 'string' && SUBDOMAIN.test(name))
}

function refusedPart(spec: unknown, half: Half): string | undefined {
  const entries = property(spec, half)
  if (!Array.isArray(entries)) return undefined
  if (entries.length > MOST_ENTRIES) return `spec.${half}`
  for (const [index, entry] of entries.entries())
    for (const [part, isRequired] of Object.entries(PARTS[half]))
      if (!isValid(property(entry, part), part as keyof typeof VALID, isRequired))
        return `spec.${half}[${index}].${part}`
  return undefined
}

/** Whether the API server accepts a part. It prunes null, which therefore counts as absent. */
function isValid(value: unknown, part: keyof typeof VALID, isRequired: boolean): boolean {
  if (value === undefined || value === null) return !isRequired
  return typeof value === 'string' && VALID[part].test(value)
}

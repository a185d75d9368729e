import { type GrantKind, REFERENCE_GRANT, VERSIONS } from './grant-kinds.ts'
import { MOST_ENTRIES, SUBDOMAIN, TAKEN } from './names.ts'
import { property } from './property.ts'

/** The parts of an entry, and whether each has to be there. */
const PARTS = {
  from: { group: true, kind: true, namespace: true },
  to: { group: true, kind: true, name: false },
} as const

/**
 * The first field for which the API server rejects a ReferenceGrant that somebody applies; undefined if it takes the grant,
 * or if the grant is of another kind, whose schema is not known.
 *
 * Source: the CRDs of Gateway API v0.6 to v1.7. That an entry is missing altogether is not looked at, since such a grant
 * permits nothing.
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

/** Whether a ReferenceGrant is of a version that some release of Gateway API has, as far as it says one. */
export function hasKnownVersion(object: unknown): boolean {
  const apiVersion = property(object, 'apiVersion')
  return apiVersion === undefined || VERSIONS.includes(String(apiVersion).split('/', 2)[1] ?? '')
}

/** Whether a grant has a name that the API server takes, as far as it has one. */
export function hasPossibleName(object: unknown): boolean {
  const name = property(property(object, 'metadata'), 'name')
  return name === undefined || (typeof name === 'string' && SUBDOMAIN.test(name))
}

function refusedPart(spec: unknown, half: 'from' | 'to'): string | undefined {
  const entries = property(spec, half)
  if (!Array.isArray(entries)) return undefined
  if (entries.length > MOST_ENTRIES) return `spec.${half}`
  for (const [index, entry] of entries.entries())
    for (const [part, isRequired] of Object.entries(PARTS[half]))
      if (!isTaken(property(entry, part), part as keyof typeof TAKEN, isRequired))
        return `spec.${half}[${index}].${part}`
  return undefined
}

/** What is null is as good as absent: the API server prunes it. */
function isTaken(value: unknown, part: keyof typeof TAKEN, isRequired: boolean): boolean {
  if (value === undefined || value === null) return !isRequired
  return typeof value === 'string' && TAKEN[part].test(value)
}

import { apiVersionOf, type GrantKind, REFERENCE_GRANT, resourceOf } from './grant-kinds.ts'
import { isObject, property } from './property.ts'
import type { GroupKind } from './reference.ts'

/** An entry of `spec.from`: the kind and namespace that the grant accepts references from. */
export interface GrantFrom extends GroupKind {
  readonly namespace: string
}

/** An entry of `spec.to`: the object `name` that the grant exposes, or every object of the kind if `name` is absent. */
export interface GrantTo extends GroupKind {
  readonly name?: string
}

/** A ReferenceGrant, reduced to what the rule needs. It permits only references into its own namespace. */
export interface Grant {
  readonly namespace: string
  readonly name: string
  /** The resource, such as `grants.example.com`, of a grant that is not a ReferenceGrant; each has its own names. */
  readonly resource?: string
  readonly from: readonly GrantFrom[]
  readonly to: readonly GrantTo[]
}

/** The parts that identify a grant. */
export type GrantName = Pick<Grant, 'namespace' | 'name' | 'resource'>

/**
 * Reads a ReferenceGrant of any version, since all versions have the same shape, or an object of another kind with that
 * shape.
 *
 * Never fails on a malformed grant, since schemas before Gateway API v1.6 accept a grant without `spec`: entries that
 * cannot match are left out. `name: null` counts as absent, since the API server prunes it; `name: ""` matches nothing,
 * since an object cannot have that name.
 *
 * @returns undefined only if `metadata` lacks a name or a namespace
 */
export function parseGrant(object: unknown, kind = REFERENCE_GRANT): Grant | undefined {
  const metadata = property(object, 'metadata')
  const name = property(metadata, 'name')
  const namespace = property(metadata, 'namespace')
  if (typeof name !== 'string' || typeof namespace !== 'string') return undefined
  const spec = property(object, 'spec')
  const resource = resourceOf(kind)
  const known = { namespace, name, ...(resource !== undefined && { resource }) }
  return {
    ...known,
    from: entries(spec, 'from', (entry) => parseFrom(plainFrom(entry, kind))),
    to: entries(spec, 'to', (entry) => parseTo(plainTo(entry, kind))),
  }
}

/** Returns an entry of `from` in the form of a ReferenceGrant: with a group, and `""` for the core group. */
export function plainFrom(entry: unknown, kind: GrantKind): unknown {
  if (kind.fromGroup === undefined) return plainTo(entry, kind)
  return isObject(entry) ? { ...entry, group: kind.fromGroup } : entry
}

/** Returns an entry of `to` in the form of a ReferenceGrant. */
export function plainTo(entry: unknown, { coreGroup }: GrantKind): unknown {
  if (coreGroup === undefined || property(entry, 'group') !== coreGroup) return entry
  return { ...(entry as object), group: '' }
}

/** Returns the entry that accepts a referrer. */
export function entryFrom({ group, kind, namespace }: GrantFrom): GrantFrom {
  return { group, kind, namespace }
}

/**
 * Returns the entry that exposes an object.
 *
 * @param anyName whether it exposes every object of the kind
 */
export function entryTo({ group, kind, name }: GroupKind & { readonly name: string }, anyName = false): GrantTo {
  return { group, kind, ...(!anyName && { name }) }
}

/**
 * Returns a grant as a Kubernetes object, the reverse of `parseGrant`.
 *
 * @param version the version to write, if that is not the usual one
 */
export function grantObject({ namespace, name, from, to }: Grant, kind: GrantKind, version?: string) {
  const named = <T extends GroupKind>(entry: T): T => ({ ...entry, group: entry.group || (kind.coreGroup ?? '') })
  return {
    apiVersion: apiVersionOf(kind, version),
    kind: kind.kind,
    metadata: { name, namespace },
    spec: {
      from: from.map((entry) => (kind.fromGroup === undefined ? named(entry) : withoutGroup(entry))),
      to: to.map(named),
    },
  }
}

function withoutGroup({ kind, namespace }: GrantFrom) {
  return { kind, namespace }
}

function parseFrom(entry: unknown): GrantFrom | undefined {
  const [group, kind, namespace] = [property(entry, 'group'), property(entry, 'kind'), property(entry, 'namespace')]
  if (typeof group !== 'string' || typeof kind !== 'string' || typeof namespace !== 'string') return undefined
  return { group, kind, namespace }
}

function parseTo(entry: unknown): GrantTo | undefined {
  const [group, kind, name] = [property(entry, 'group'), property(entry, 'kind'), property(entry, 'name')]
  if (typeof group !== 'string' || typeof kind !== 'string') return undefined
  if (name === undefined || name === null) return { group, kind }
  return typeof name === 'string' && name !== '' ? { group, kind, name } : undefined
}

function entries<T>(spec: unknown, half: string, parse: (entry: unknown) => T | undefined): T[] {
  const list = property(spec, half)
  return Array.isArray(list) ? list.map(parse).filter((entry) => entry !== undefined) : []
}

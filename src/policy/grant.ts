import { type GrantKind, REFERENCE_GRANT, resourceOf } from './grant-kinds.ts'
import { property } from './property.ts'
import type { GroupKind } from './reference.ts'

/** The half of a grant that says who may refer. */
export interface GrantFrom extends GroupKind {
  readonly namespace: string
}

/** The half of a grant that says what may be referred to: the object `name`, or without it every object of the kind. */
export interface GrantTo extends GroupKind {
  readonly name?: string
}

/** A ReferenceGrant, reduced to what the rule needs. It permits references into its own namespace only. */
export interface Grant {
  readonly namespace: string
  readonly name: string
  /** The resource, such as `grants.example.com`, of a grant that is no ReferenceGrant; two resources share no names. */
  readonly resource?: string
  readonly from: readonly GrantFrom[]
  readonly to: readonly GrantTo[]
}

/** What tells a grant from all others. */
export type GrantName = Pick<Grant, 'namespace' | 'name' | 'resource'>

/**
 * Reads a ReferenceGrant of any version, all of which have one shape, or an object of another kind with that shape.
 *
 * Never fails on a strange one, since schemas before Gateway API v1.6 accept a grant without `spec`: entries that can
 * match nothing are left out. `name: null` counts as absent, as the API server prunes it; `name: ""` matches nothing,
 * as no object has that name. The result is undefined only if `metadata` does not name an object.
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

/** An entry of `from` as a ReferenceGrant would have it: with a group, and the core group as the empty text. */
export function plainFrom(entry: unknown, kind: GrantKind): unknown {
  if (kind.fromGroup === undefined) return plainTo(entry, kind)
  return isEntry(entry) ? { ...entry, group: kind.fromGroup } : entry
}

/** An entry of `to` as a ReferenceGrant would have it. */
export function plainTo(entry: unknown, { coreGroup }: GrantKind): unknown {
  if (coreGroup === undefined || property(entry, 'group') !== coreGroup) return entry
  return { ...(entry as object), group: '' }
}

/** A grant as it is written, the reverse of `parseGrant`. */
export function grantObject({ namespace, name, from, to }: Grant, kind: GrantKind) {
  // v1beta1 is the version that every release of Gateway API since v0.6 serves.
  const version = kind === REFERENCE_GRANT ? 'v1beta1' : (kind.version ?? 'v1')
  const named = <T extends GroupKind>(entry: T): T => ({ ...entry, group: entry.group || (kind.coreGroup ?? '') })
  return {
    apiVersion: `${kind.group}/${version}`,
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

function isEntry(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

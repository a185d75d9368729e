import { distinctTargets } from './distinct-targets.ts'
import type { Grant } from './grant.ts'
import { grantKindFor, resourceOf } from './grant-kinds.ts'
import { LONGEST_NAME, TAKEN } from './names.ts'
import type { GroupKind, Reference } from './reference.ts'

/** The first part of a reference that the API server takes in no grant; undefined if a grant can name both ends. */
export function ungrantable({ from, to }: Reference): { readonly part: string; readonly value: string } | undefined {
  const parts: [part: string, value: string, taken: boolean][] = [
    ['namespace', to.namespace, TAKEN.namespace.test(to.namespace)],
    ['group', to.group, TAKEN.group.test(to.group)],
    ['kind', to.kind, TAKEN.kind.test(to.kind)],
    ['name', to.name, TAKEN.name.test(to.name)],
    ['group in from', from.group, TAKEN.group.test(from.group)],
    ['kind in from', from.kind, TAKEN.kind.test(from.kind)],
    ['namespace in from', from.namespace, TAKEN.namespace.test(from.namespace)],
  ]
  const [part, value] = parts.find(([, , taken]) => !taken) ?? []
  return part === undefined || value === undefined ? undefined : { part, value }
}

/**
 * The smallest grants that permit these references: each accepts one kind from one namespace and exposes one object.
 * Each is of the kind that counts for its reference. A grant's name tells both, such as
 * `httproute-from-shop-to-service-payments`, so that grants made at different times stand beside each other and none
 * replaces another.
 *
 * @param references references into other namespaces
 */
export function missingGrants(references: readonly Reference[]): Grant[] {
  const byReferrer = Map.groupBy(references, ({ from }) => JSON.stringify([from.group, from.kind, from.namespace]))
  return [...byReferrer.values()].flatMap((group) => distinctTargets(group).map(grantFor))
}

function grantFor(reference: Reference): Grant {
  const { from, to } = reference
  const resource = resourceOf(grantKindFor(reference))
  return {
    namespace: to.namespace,
    name: nameFor(reference),
    ...(resource !== undefined && { resource }),
    from: [{ group: from.group, kind: from.kind, namespace: from.namespace }],
    to: [{ group: to.group, kind: to.kind, name: to.name }],
  }
}

/** The kind, with its group where it is none of the two that nearly all references are between. */
function kindPart({ group, kind }: GroupKind): string {
  return ['', 'gateway.networking.k8s.io'].includes(group) ? kind : `${kind}.${group}`
}

/** A name that says what the grant is for. Where another grant could be called the same, it ends in a digest. */
function nameFor({ from, to }: Reference): string {
  const [accepted, exposed] = [kindPart(from), kindPart(to)]
  const text = `${accepted}-from-${from.namespace}-to-${exposed}-${to.name}`.toLowerCase()
  const name = text.replace(/[^-a-z0-9.]+/g, '-').replace(/[-.]*\.[-.]*/g, '.')
  const plain =
    name === text && to.name === to.name.toLowerCase() && name.length <= LONGEST_NAME && /[a-z0-9]$/.test(name)
  const clear = !/[-.]/.test(accepted + exposed) && !from.namespace.includes('-to')
  if (plain && clear) return name
  const suffix = `-${digest(JSON.stringify([from.group, from.kind, from.namespace, to.group, to.kind, to.name]))}`
  return `${name.slice(0, LONGEST_NAME - suffix.length).replace(/[^a-z0-9]+$/, '')}${suffix}`
}

/** 64 bits of a text, in hexadecimal (FNV-1a): enough to keep apart what happens to be called the same. */
function digest(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const character of text) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

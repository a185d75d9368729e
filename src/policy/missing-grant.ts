import { distinctTargets } from './distinct-targets.ts'
import { entryFrom, entryTo, type Grant } from './grant.ts'
import { grantKindFor, resourceOf } from './grant-kinds.ts'
import { LONGEST_NAME, VALID } from './names.ts'
import type { GroupKind, Reference } from './reference.ts'

/** Returns the first part of a reference that the API server rejects in a grant; undefined if a grant can name both ends. */
export function ungrantable({
  from,
  to,
  path,
}: Reference): { readonly part: string; readonly value: string } | undefined {
  const parts: [part: string, value: string, valid: boolean][] = [
    ['namespace', to.namespace, VALID.namespace.test(to.namespace)],
    ['group', to.group, VALID.group.test(to.group)],
    ['kind', to.kind, VALID.kind.test(to.kind)],
    ['name', to.name, isEvery({ to, path }) || VALID.name.test(to.name)],
    ['group in from', from.group, VALID.group.test(from.group)],
    ['kind in from', from.kind, VALID.kind.test(from.kind)],
    ['namespace in from', from.namespace, VALID.namespace.test(from.namespace)],
  ]
  const [part, value] = parts.find(([, , valid]) => !valid) ?? []
  return part === undefined || value === undefined ? undefined : { part, value }
}

/**
 * Returns the smallest grants that permit these references. Each accepts one kind from one namespace, and exposes one object.
 * Its name has both, such as `httproute-from-shop-to-service-payments`, so that it does not replace a grant that was printed
 * earlier.
 *
 * @param references references into other namespaces
 * @param anyName whether the grants expose every object of the kind
 */
export function missingGrants(references: readonly Reference[], anyName = false): Grant[] {
  const byReferrer = Map.groupBy(references, ({ from }) => JSON.stringify([from.group, from.kind, from.namespace]))
  const targets = (group: Reference[]) => distinctTargets(anyName ? group.map(toEvery) : group)
  return [...byReferrer.values()].flatMap((group) => targets(group).map((one) => grantFor(one, anyName)))
}

/** Whether a reference is that of a question about every object of a kind: it is in no field, and has no name. */
export const isEvery = ({ to, path }: Pick<Reference, 'to' | 'path'>) => path === '' && to.name === ''

/** Returns a reference to every object of a kind. No object has an empty name. */
const toEvery = (reference: Reference): Reference => ({ ...reference, to: { ...reference.to, name: '' } })

function grantFor(reference: Reference, anyName: boolean): Grant {
  const { from, to } = reference
  const resource = resourceOf(grantKindFor(reference))
  return {
    namespace: to.namespace,
    name: nameFor(reference),
    ...(resource !== undefined && { resource }),
    from: [entryFrom(from)],
    to: [entryTo(to, anyName)],
  }
}

/** Returns a kind for the name of a grant, with its group unless that is the core group or that of Gateway API. */
function kindPart({ group, kind }: GroupKind): string {
  return ['', 'gateway.networking.k8s.io'].includes(group) ? kind : `${kind}.${group}`
}

/** Returns the name of a grant. It ends in a digest if the grant for another reference could have the same name. */
function nameFor({ from, to }: Reference): string {
  const [accepted, exposed] = [kindPart(from), kindPart(to)]
  const target = to.name === '' ? `every-${exposed}` : `${exposed}-${to.name}`
  const text = `${accepted}-from-${from.namespace}-to-${target}`.toLowerCase()
  const name = text.replace(/[^-a-z0-9.]+/g, '-').replace(/[-.]*\.[-.]*/g, '.')
  const plain =
    name === text && to.name === to.name.toLowerCase() && name.length <= LONGEST_NAME && /[a-z0-9]$/.test(name)
  const clear = !/[-.]/.test(accepted + exposed) && !from.namespace.includes('-to')
  if (plain && clear) return name
  const suffix = `-${digest(JSON.stringify([from.group, from.kind, from.namespace, to.group, to.kind, to.name]))}`
  return `${name.slice(0, LONGEST_NAME - suffix.length).replace(/[^a-z0-9]+$/, '')}${suffix}`
}

/** Returns a digest of 64 bits, in hexadecimal (FNV-1a). */
function digest(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const character of text) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

import { guardedFields } from '../policy/catalogue.ts'
import type { GrantFrom, GrantTo } from '../policy/grant.ts'
import type { GroupKind, ObjectName } from '../policy/reference.ts'
import { kindTitle } from '../wording/objects.ts'
import { bare, quote } from '../wording/quote.ts'

/** Returns what an entry of a grant accepts: `HTTPRoute in shop`. */
export function acceptedTitle(from: GrantFrom, kindOf = briefTitle): string {
  return `${kindOf(from)} in ${bare(from.namespace)}`
}

/** Returns what an entry of a grant exposes: `Service "payments"`, `every Secret`. */
export function exposedTitle(to: GrantTo, kindOf = briefTitle): string {
  return to.name === undefined ? `every ${kindOf(to)}` : `${kindOf(to)} ${quote(to.name)}`
}

/** Returns a kind with the namespace and the name of an object: `HTTPRoute "shop/checkout"`. */
export function briefObject(object: ObjectName): string {
  return `${briefTitle(object)} ${quote(`${object.namespace}/${object.name}`)}`
}

/** Returns a kind, without its group if it is a kind of Gateway API or of the core group. */
function briefTitle({ group, kind }: GroupKind): string {
  return kindTitle(group === GATEWAY && OWN_KINDS.has(kind) ? { group: '', kind } : { group, kind })
}

const GATEWAY = 'gateway.networking.k8s.io'
const OWN_KINDS = new Set(guardedFields.filter(({ from }) => from.group === GATEWAY).map(({ from }) => from.kind))

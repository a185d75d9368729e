import type { GrantName } from '../policy/grant.ts'
import { isPlain } from '../policy/path.ts'
import type { GroupKind, ObjectName } from '../policy/reference.ts'
import { name, type Piece, word } from './fitted.ts'
import { bare, quote } from './quote.ts'

/** Returns an object's kind, name and namespace: `HTTPRoute "checkout" in namespace "shop"`. */
export function objectTitle({ kind, name, namespace }: ObjectName): string {
  return `${printable(kind)} ${quote(name)} in namespace ${quote(namespace)}`
}

/** Returns the words of `objectTitle` as pieces of a fitted line. */
export function objectPieces({ kind, name: called, namespace }: ObjectName): Piece[] {
  return [word(kind), ' ', name(called), ' in namespace ', name(namespace)]
}

/** Returns a grant's kind, name and namespace. */
export function grantTitle({ namespace, name }: GrantName, kind: string): string {
  return `${bare(kind)} ${quote(name)} in namespace ${quote(namespace)}`
}

/** Returns a target without its namespace: `Service "payments"`, `ServiceImport (multicluster.x-k8s.io) "a"`. */
export function targetTitle(to: ObjectName): string {
  return `${kindTitle(to)} ${quote(to.name)}`
}

/** Returns a kind, with its group unless that is the core group: `HTTPRoute (gateway.networking.k8s.io)`. */
export function kindTitle({ group, kind }: GroupKind): string {
  return group === '' ? printable(kind) : `${printable(kind)} (${printable(group)})`
}

/** Returns the words of `kindTitle` as pieces of a fitted line. */
export function kindPieces({ group, kind }: GroupKind): Piece[] {
  return group === '' ? [word(kind)] : [word(kind), ' (', word(group), ')']
}

/** Returns a group or a kind, in quotes unless it is plain. */
export function printable(text: string): string {
  return isPlain(text) ? text : quote(text)
}

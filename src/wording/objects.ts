import type { GrantName } from '../policy/grant.ts'
import { isPlain } from '../policy/path.ts'
import type { GroupKind, ObjectName } from '../policy/reference.ts'
import { name, type Piece, word } from './fitted.ts'
import { bare, quote } from './quote.ts'

/** An object as its owner calls it: `HTTPRoute "checkout" in namespace "shop"`. */
export function objectTitle({ kind, name, namespace }: ObjectName): string {
  return `${printable(kind)} ${quote(name)} in namespace ${quote(namespace)}`
}

/** An object as `objectTitle` calls it, for a line that is fitted. */
export function objectPieces({ kind, name: called, namespace }: ObjectName): Piece[] {
  return [word(kind), ' ', name(called), ' in namespace ', name(namespace)]
}

/** A grant, by its name and the name of its kind. */
export function grantTitle({ namespace, name }: GrantName, kind: string): string {
  return `${bare(kind)} ${quote(name)} in namespace ${quote(namespace)}`
}

/** What a reference points at, without its namespace: `Service "payments"`, `ServiceImport (multicluster.x-k8s.io) "a"`. */
export function targetTitle(to: ObjectName): string {
  return `${kindTitle(to)} ${quote(to.name)}`
}

/** A kind, with its group unless that is the core group: `HTTPRoute (gateway.networking.k8s.io)`. */
export function kindTitle({ group, kind }: GroupKind): string {
  return group === '' ? printable(kind) : `${printable(kind)} (${printable(group)})`
}

/** A kind as `kindTitle` calls it, for a line that is fitted. */
export function kindPieces({ group, kind }: GroupKind): Piece[] {
  return group === '' ? [word(kind)] : [word(kind), ' (', word(group), ')']
}

/** A group or a kind, without quotes if it is an ordinary one. */
export function printable(text: string): string {
  return isPlain(text) ? text : quote(text)
}

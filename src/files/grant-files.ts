import { type Grant, parseGrant } from '../policy/grant.ts'
import { type GrantKind, grantKindOf } from '../policy/grant-kinds.ts'
import { DocumentError } from '../yaml/documents.ts'
import type { ObjectDocument } from '../yaml/objects.ts'
import type { FileObject } from './object-files.ts'

/**
 * The grant that an object is; undefined for objects of other kinds.
 *
 * @param kinds the kinds that count as grants
 * @throws DocumentError if a grant lacks its name or namespace
 */
export function grantOf({ object, line }: ObjectDocument, kinds: readonly GrantKind[]): Grant | undefined {
  const kind = grantKindOf(object, kinds)
  if (!kind) return undefined
  const grant = parseGrant(object, kind)
  if (!grant) throw new DocumentError(line, `a ${kind.kind} needs metadata.name and metadata.namespace`)
  return grant
}

/** A grant, and the object of a file that it is. */
export interface FileGrant {
  readonly grant: Grant
  readonly object: FileObject
}

/** The grants among objects; each has the name and the namespace that its file gives it. */
export function grantsAmong(objects: readonly FileObject[], kinds: readonly GrantKind[]): FileGrant[] {
  return objects.flatMap((one) => {
    const kind = grantKindOf(one.object, kinds)
    const { name, namespace } = one.name
    const grant = kind && parseGrant({ ...one.object, metadata: { name, namespace } }, kind)
    return grant ? [{ grant, object: one }] : []
  })
}

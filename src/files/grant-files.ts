import { type Grant, parseGrant } from '../policy/grant.ts'
import { type GrantKind, grantKindOf } from '../policy/grant-kinds.ts'
import { refusedField } from '../policy/refused-grant.ts'
import { DocumentError } from '../yaml/documents.ts'
import type { ObjectDocument } from '../yaml/objects.ts'
import type { FileObject } from './object-files.ts'

/**
 * Returns the grant in an object; undefined for objects of other kinds.
 *
 * @param kinds the kinds that count as grants
 * @throws DocumentError if a grant lacks its name or namespace, or if the API server refuses it
 */
export function grantOf({ object, line, lineOf }: ObjectDocument, kinds: readonly GrantKind[]): Grant | undefined {
  const kind = grantKindOf(object, kinds)
  if (!kind) return undefined
  const grant = parseGrant(object, kind)
  if (!grant) throw new DocumentError(line, `a ${kind.kind} needs metadata.name and metadata.namespace`)
  const refused = refusedField(object, kind)
  if (refused !== undefined)
    throw new DocumentError(lineOf(refused), `the API server refuses a ${kind.kind} with this ${refused}`)
  return grant
}

/** A grant, and the object it was parsed from. */
export interface FileGrant {
  readonly grant: Grant
  readonly object: FileObject
  /** The field for which the API server refuses it, so that it does not count. */
  readonly refused: string | undefined
}

/** The grants among objects; each has the name and the namespace that its file gives it. */
export function grantsAmong(objects: readonly FileObject[], kinds: readonly GrantKind[]): FileGrant[] {
  return objects.flatMap((one) => {
    const kind = grantKindOf(one.object, kinds)
    const { name, namespace } = one.name
    const grant = kind && parseGrant({ ...one.object, metadata: { name, namespace } }, kind)
    return grant ? [{ grant, object: one, refused: refusedField(one.object, kind) }] : []
  })
}

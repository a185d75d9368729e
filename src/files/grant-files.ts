import { type Grant, parseGrant } from '../policy/grant.ts'
import { type GrantKind, grantKindOf, isGrantLike } from '../policy/grant-kinds.ts'
import type { Candidate } from '../policy/near-miss.ts'
import { refusedField } from '../policy/refused-grant.ts'
import { grantTitle } from '../wording/objects.ts'
import { DocumentError } from '../yaml/documents.ts'
import type { ObjectDocument } from '../yaml/objects.ts'
import type { FileObject } from './object-files.ts'

/** A grant in a document. */
export interface DocumentGrant {
  readonly grant: Grant
  /** Where and why the API server rejects it, so that it does not count. */
  readonly refused?: { readonly line: number; readonly reason: string }
}

/**
 * Returns the grant in an object; undefined for objects of other kinds.
 *
 * @param kinds the kinds that count as grants
 * @throws DocumentError if a grant lacks its name or namespace
 */
export function grantOf(document: ObjectDocument, kinds: readonly GrantKind[]): DocumentGrant | undefined {
  const { object, line, lineOf } = document
  const kind = grantKindOf(object, kinds)
  if (!kind) return undefined
  const grant = parseGrant(object, kind)
  if (!grant) throw new DocumentError(line, `a ${kind.kind} needs metadata.name and metadata.namespace`)
  const field = refusedField(object, kind)
  if (field === undefined) return { grant }
  const reason = `the API server rejects ${grantTitle(grant, kind.kind)} for its ${field}`
  return { grant, refused: { line: lineOf(field), reason } }
}

/** A grant, and the object it was parsed from. */
export interface FileGrant {
  readonly grant: Grant
  readonly object: FileObject
  /** The field for which the API server rejects it, so that it does not count. */
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

/** An object of a file that is a grant, or was meant to be one. */
export type FileCandidate = FileObject & Candidate

/** The grants among objects, and the objects that were meant to be grants. */
export function candidatesAmong(objects: readonly FileObject[], kinds: readonly GrantKind[]): FileCandidate[] {
  return objects
    .filter(({ name }) => isGrantLike(name, kinds))
    .map((one) => {
      const kind = grantKindOf(one.object, kinds)
      return { ...one, refused: kind && refusedField(one.object, kind) }
    })
}

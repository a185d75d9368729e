import type { Coverage } from './coverage.ts'
import { REFERENCE_GRANT } from './grant-kinds.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'
import { knownKinds, likest } from './well-known.ts'

/**
 * Returns the kind that a text names, as kubectl accepts it: a kind or a plural in any letters, and after a dot its group.
 * Without a group, the kind must be a judged or a well-known one.
 */
export function kindNamed(text: string, coverage: Coverage): GroupKind | undefined {
  const dot = text.indexOf('.')
  const known = knownKinds(coverage)
  if (dot < 0) return text === '' ? undefined : bare(likest(text, known))
  const [kind, group] = [text.slice(0, dot), text.slice(dot + 1)]
  if (kind === '') return undefined
  const ofGroup = known.filter((one) => one.group === group)
  return bare(likest(kind, ofGroup)) ?? { group, kind }
}

const bare = (found: GroupKind | undefined) => found && { group: found.group, kind: found.kind }

/** Returns the reference that a question is about: one in the first field of the referrer that may hold such a target. */
export function referenceAsked(coverage: Coverage, from: ObjectName, to: ObjectName): Reference {
  const fields = coverage.fieldsOf(from)
  const field = fields.find((one) => one.to?.group === to.group && one.to.kind === to.kind) ?? fields[0]
  const kinds = field?.grantKinds ?? [REFERENCE_GRANT]
  const isUsual = kinds.length === 1 && kinds[0] === REFERENCE_GRANT
  return { from, to, path: '', ...(!isUsual && { grantKinds: kinds }) }
}

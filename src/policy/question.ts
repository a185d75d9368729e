import type { Coverage } from './coverage.ts'
import { nearestWord } from './distance.ts'
import { REFERENCE_GRANT } from './grant-kinds.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'
import { type KnownKind, knownKinds, likest } from './well-known.ts'

/**
 * Returns the kind that a text names, as kubectl accepts it: a kind, a plural or a short name in any letters, and after a dot its
 * group, or the beginning of it, with or without a version. Undefined if the kind is neither a judged nor a well-known one, and is
 * not written with its group as in its objects.
 */
export function kindNamed(text: string, coverage: Coverage): GroupKind | undefined {
  const { word, group } = parted(text)
  const known = kindsFor(coverage)
  if (group === undefined) return bare(likest(word, known))
  const begins = group === '' ? [] : known.filter((one) => one.group.startsWith(group))
  const found =
    likest(
      word,
      known.filter((one) => one.group === group),
    ) ?? likest(word, begins)
  return bare(found) ?? (/^[A-Z]/.test(word) ? { group, kind: word } : undefined)
}

/** Returns the kind that a text nearly names, as a user may write it; undefined if it names one, or is like none. */
export function kindMeant(text: string, coverage: Coverage): string | undefined {
  const { word, group } = parted(text)
  const known = kindsFor(coverage).filter((one) => group === undefined || one.group === group)
  if (likest(word, known)) return undefined
  const near = nearestWord(word.toLowerCase(), known.flatMap(namesOf))
  const kind = known.find((one) => namesOf(one).includes(near ?? ''))?.kind
  return kind && (group ? `${kind}.${group}` : kind)
}

const namesOf = ({ lowerCase, plural }: KnownKind) => [lowerCase, ...(plural === '' ? [] : [plural])]

/** The kinds that may be named: the grants are among them, which hold no reference. */
function kindsFor(coverage: Coverage): KnownKind[] {
  const grants = coverage.grantKinds.map((one) => ({ ...one, lowerCase: one.kind.toLowerCase() }))
  return [...knownKinds(coverage), ...grants]
}

/** Parts `httproutes.v1.gateway.networking.k8s.io` into a word and a group; the version does not count. */
function parted(text: string): { readonly word: string; readonly group?: string } {
  const dot = text.indexOf('.')
  if (dot < 0) return { word: text }
  return { word: text.slice(0, dot), group: text.slice(dot + 1).replace(/^v\d+((alpha|beta)\d+)?(\.|$)/, '') }
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

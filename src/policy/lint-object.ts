import type { Coverage } from './coverage.ts'
import { likestField } from './entry-fields.ts'
import { eachGuarded, extract } from './extract.ts'
import { type ObjectCode, SEVERITIES, type Severity } from './finding-codes.ts'
import { REFERENCE_GRANT } from './grant-kinds.ts'
import { isOneOff } from './likeness.ts'
import { isPossibleName, VALID } from './names.ts'
import { step } from './path.ts'
import type { ObjectName } from './reference.ts'
import { isListedGroup } from './well-known.ts'

/** A mistake in an object, or something that its author may not have intended. */
export interface ObjectFlaw {
  readonly code: ObjectCode
  readonly severity: Severity
  readonly object: ObjectName
  /** The field, such as `spec.parentRefs[0].group`. */
  readonly path: string
  /** The value of the field, if the value is wrong. */
  readonly value?: string
  /** The correct field or value. */
  readonly meant?: string
}

/**
 * Finds mistakes in an object as written, before an API server drops the fields that it does not know. The object may have
 * any shape.
 */
export function* lintObject(coverage: Coverage, object: ObjectName, written: unknown): Generator<ObjectFlaw> {
  const flaw = (code: ObjectCode, path: string, said: Pick<ObjectFlaw, 'value' | 'meant'> = {}): ObjectFlaw => ({
    ...{ code, severity: SEVERITIES[code], object, path },
    ...said,
  })
  if (object.kind === 'ReferencePolicy' && object.group === 'gateway.networking.k8s.io')
    yield flaw('reference-policy', 'kind')
  const field = mistakenField(object, coverage)
  if (field === 'kind') yield flaw('reference-policy', field, { value: object.kind })
  if (field === 'apiVersion') yield flaw('reference-policy', field, { value: object.group })
  const misspelt: ObjectFlaw[] = []
  eachGuarded(coverage, object, written, (value, path) => {
    for (const field of Object.keys(value)) {
      const meant = meantField(field)
      if (meant === undefined || Object.hasOwn(value, meant)) continue
      misspelt.push(flaw('reference-unknown-field', `${path}.${step(field)}`, { meant }))
    }
  })
  yield* misspelt
  const misfits = new Set<string>()
  const take = (to: ObjectName) => to.namespace !== object.namespace && impossiblePart(to) !== undefined
  for (const { to, path } of extract(coverage, object, written, { take, misfit: ({ path }) => misfits.add(path) })) {
    const part = impossiblePart(to)
    if (part) yield flaw('reference-impossible-value', `${path}.${part}`, { value: to[part] })
  }
  for (const path of misfits) yield flaw('field-misfit', path)
  if (!coverage.referrer(object)?.route) return
  for (const index of coreParents(written)) yield flaw('mesh-parent-core-group', `spec.parentRefs[${index}].group`)
}

/** Returns the field that keeps an object from being a ReferenceGrant, although it was meant to be one. */
function mistakenField(object: ObjectName, coverage: Coverage): 'kind' | 'apiVersion' | undefined {
  const { group, kind } = object
  const right = REFERENCE_GRANT.group
  if (coverage.grantKind(object) || !/^ReferenceGrants?$/i.test(kind)) return undefined
  if (group !== right && !isListedGroup(group) && !isOneOff(group, right)) return undefined
  return kind === REFERENCE_GRANT.kind ? (group === right ? undefined : 'apiVersion') : 'kind'
}

/** Returns the first part of a target that no object can have; undefined if every part is possible, or a variable of Flux. */
function impossiblePart(to: ObjectName): keyof ObjectName | undefined {
  const wrong = (['group', 'kind', 'namespace'] as const).find((part) => !VALID[part].test(to[part]))
  const part = wrong ?? (isPossibleName(to, to.name) ? undefined : 'name')
  return part !== undefined && to[part].includes('${') ? undefined : part
}

/** The fields of every reference. */
const FIELDS = ['namespace', 'group', 'kind', 'name']
/** Fields that most backends also have, and that are not similar to those. */
const OTHERS = ['port', 'weight', 'filters']

/** Returns the field that a misspelt one is similar to; undefined if the field is known, or similar to none. */
function meantField(field: string): string | undefined {
  return FIELDS.includes(field) || OTHERS.includes(field) ? undefined : likestField(field, FIELDS)
}

/** Returns the indexes of parents with the group `core`, as Linkerd 2.13 wrote it. */
function coreParents(written: unknown): number[] {
  const parents = (written as { spec?: { parentRefs?: unknown } } | null)?.spec?.parentRefs
  if (!Array.isArray(parents)) return []
  return parents.flatMap((parent, index) => (parent?.group === 'core' && parent?.kind === 'Service' ? [index] : []))
}

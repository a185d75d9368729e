import type { Catalogue } from './catalogue.ts'
import { objectTitle } from './explain.ts'
import { eachGuarded, extract } from './extract.ts'
import { isPlain } from './fitted.ts'
import type { Severity } from './lint.ts'
import { quote } from './quote.ts'
import type { ObjectName } from './reference.ts'

/** What can be wrong with an object that is no grant. The codes are stable: pipelines name them. */
type ObjectCode = keyof typeof OBJECT_SEVERITIES

export const OBJECT_SEVERITIES = {
  'reference-policy': 'error',
  'reference-unknown-field': 'error',
  'field-misfit': 'warning',
  'mesh-parent-core-group': 'warning',
} as const satisfies Record<string, Severity>

const SENTENCES: Record<ObjectCode, (meant: string) => string> = {
  'reference-policy': () =>
    'is the old name of a ReferenceGrant, and permits nothing: write ReferenceGrant, and apiVersion gateway.networking.k8s.io/v1beta1',
  'reference-unknown-field': (meant) => `is no field of a reference: the API server drops it; write ${meant}`,
  'field-misfit': () =>
    'is not a reference here, so it is not judged: correct the object, or the field in the configuration',
  'mesh-parent-core-group': () =>
    'is "core", which is no alias: the core group is "", and with another one the route is no mesh route',
}

/** One thing that is wrong with an object, or that its author may not have meant. */
export interface ObjectFlaw {
  readonly code: ObjectCode
  readonly severity: Severity
  readonly object: ObjectName
  /** The field, such as `spec.parentRefs[0].group`. */
  readonly path: string
  /** What would work in place of the field. */
  readonly meant?: string
}

/** A flaw in words, with its object. */
export function objectFlawSentence({ code, object, path, meant = '' }: ObjectFlaw): string {
  return `${objectTitle(object)}: ${path} ${SENTENCES[code](meant)}`
}

/**
 * What is wrong with an object as it is written, before an API server has dropped what it does not know. Any shape is
 * taken.
 */
export function* lintObject(catalogue: Catalogue, object: ObjectName, written: unknown): Generator<ObjectFlaw> {
  const flaw = (code: ObjectCode, path: string, meant?: string): ObjectFlaw => ({
    ...{ code, severity: OBJECT_SEVERITIES[code], object, path },
    ...(meant !== undefined && { meant }),
  })
  if (object.kind === 'ReferencePolicy' && object.group === 'gateway.networking.k8s.io')
    yield flaw('reference-policy', 'kind')
  const misspelt: ObjectFlaw[] = []
  eachGuarded(catalogue, object, written, (value, path) => {
    for (const field of Object.keys(value)) {
      const meant = meantField(field)
      if (meant === undefined || Object.hasOwn(value, meant)) continue
      misspelt.push(flaw('reference-unknown-field', `${path()}.${isPlain(field) ? field : quote(field)}`, meant))
    }
  })
  yield* misspelt
  const misfits = new Set<string>()
  extract(catalogue, object, written, { take: () => false, misfit: ({ path }) => misfits.add(path) })
  for (const path of misfits) yield flaw('field-misfit', path)
  if (!catalogue.referrer(object)?.route) return
  for (const index of coreParents(written)) yield flaw('mesh-parent-core-group', `spec.parentRefs[${index}].group`)
}

/** Fields of every reference. */
const FIELDS = ['namespace', 'group', 'kind', 'name']
/** More that most backends have, and that are spelt like none of them. */
const OTHERS = ['port', 'weight', 'filters']

/** The field that a misspelt one was meant to be; undefined for what is spelt well, or like none of them. */
function meantField(field: string): string | undefined {
  if (FIELDS.includes(field) || OTHERS.includes(field) || field.length > 12) return undefined
  const written = field.toLowerCase()
  return FIELDS.find((one) => distance(written, one) <= (one.length > 5 ? 2 : 1))
}

/** How many characters have to be added, removed or changed to make one text of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [index, character] of [...a].entries()) {
    const next = [index + 1]
    for (const [column, other] of [...b].entries()) {
      const kept = (row[column] as number) + (character === other ? 0 : 1)
      next.push(Math.min(kept, (row[column + 1] as number) + 1, (next[column] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

/** The parents that Linkerd 2.13 called `core`, by their index. */
function coreParents(written: unknown): number[] {
  const parents = (written as { spec?: { parentRefs?: unknown } } | null)?.spec?.parentRefs
  if (!Array.isArray(parents)) return []
  return parents.flatMap((parent, index) => (parent?.group === 'core' && parent?.kind === 'Service' ? [index] : []))
}

import { type GuardedField, guardedFields, type ReferrerKind } from './catalogue.ts'
import { type GrantKind, REFERENCE_GRANT } from './grant-kinds.ts'
import type { GroupKind } from './reference.ts'

const standard: ReadonlySet<GuardedField> = new Set(guardedFields)

/** A guarded field whose path is split into steps: a property's name, or `[]` for each element of a list. */
export interface FieldSteps {
  readonly path: string
  readonly steps: readonly string[]
  /** The parts of the path between its lists. */
  readonly pieces: readonly string[]
  readonly groupField: string
  readonly to: GroupKind | undefined
  /** The kinds of the grants that may permit a reference in this field; fields with the same kinds share one list. */
  readonly grantKinds: readonly GrantKind[]
  /** Whether an admin added the field: its schema is unknown, and the row may be wrong. */
  readonly own: boolean
}

/** References that an admin allows without a grant. */
export interface ExemptReferences {
  /** Whether routes that serve only a mesh need no grants (GEP-1294). */
  readonly meshRoutes: boolean
  /** Kinds that an implementation resolves in its own way, so that references to them need no grant. */
  readonly targets: readonly GroupKind[]
}

/** What is judged: the guarded fields of each kind, the exemptions, and the kinds of grants. */
export class Coverage {
  readonly fields: readonly GuardedField[]
  readonly exemptReferences: ExemptReferences
  /** The kinds of grants that count for at least one field. */
  readonly grantKinds: readonly GrantKind[]
  readonly #byKind = new Map<string, { readonly referrer: ReferrerKind; readonly fields: FieldSteps[] }>()

  /** @param grantKinds all kinds that may count as grants; those that count for none of the fields are left out */
  constructor(
    fields: readonly GuardedField[],
    exemptReferences: ExemptReferences = { meshRoutes: true, targets: [] },
    grantKinds: readonly GrantKind[] = [REFERENCE_GRANT],
  ) {
    this.fields = fields
    this.exemptReferences = exemptReferences
    const governing = governingKinds(fields, grantKinds)
    const counting = new Set(fields.flatMap((field) => governing(field)))
    this.grantKinds = grantKinds.filter((kind) => counting.has(kind))
    for (const field of fields) {
      const { from, path, groupField = 'group', to } = field
      const ofKind = this.#byKind.get(kindKey(from)) ?? { referrer: from, fields: [] }
      const own = !standard.has(field)
      ofKind.fields.push({
        path,
        steps: stepsOf(path),
        pieces: path.split('[]'),
        groupField,
        to,
        grantKinds: governing(field),
        own,
      })
      this.#byKind.set(kindKey(from), ofKind)
    }
  }

  /** Returns a kind with its resource name; undefined for a kind without guarded fields. */
  referrer(kind: GroupKind): ReferrerKind | undefined {
    return this.#byKind.get(kindKey(kind))?.referrer
  }

  /** Returns the kind of grants with this group and kind, if it counts for a field. */
  grantKind({ group, kind }: GroupKind): GrantKind | undefined {
    return this.grantKinds.find((one) => one.group === group && one.kind === kind)
  }

  /** Returns the kinds that have guarded fields, each once, in catalogue order. */
  referrers(): ReferrerKind[] {
    return [...this.#byKind.values()].map(({ referrer }) => referrer)
  }

  /** Returns the guarded fields of a kind, in catalogue order. */
  fieldsOf(kind: GroupKind): readonly FieldSteps[] {
    return this.#byKind.get(kindKey(kind))?.fields ?? []
  }
}

/** Splits a path into steps: a property's name, or `[]` for each element of a list. */
export function stepsOf(path: string): string[] {
  return path.replaceAll('[]', '.[]').split('.')
}

/** Returns which kinds of grants count for a field: the kind that it names, or otherwise every kind that no field names. */
function governingKinds(fields: readonly GuardedField[], kinds: readonly GrantKind[]) {
  const byKey = Map.groupBy(kinds, kindKey)
  const named = new Set(fields.flatMap(({ grantKind }) => (grantKind ? kindKey(grantKind) : [])))
  named.delete(kindKey(REFERENCE_GRANT))
  const unnamed = kinds.filter((kind) => !named.has(kindKey(kind)))
  return ({ grantKind }: GuardedField) => (grantKind ? (byKey.get(kindKey(grantKind)) ?? []) : unnamed)
}

// A group is a DNS name without a slash, so two kinds never share a key.
const kindKey = ({ group, kind }: GroupKind) => `${group}/${kind}`

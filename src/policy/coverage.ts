import { type GuardedField, guardedFields, type ReferrerKind } from './catalogue.ts'
import { type FieldSteps, type FieldTree, stepsOf, treeOf } from './field-tree.ts'
import { type GrantKind, REFERENCE_GRANT } from './grant-kinds.ts'
import type { GroupKind } from './reference.ts'

const standard: ReadonlySet<GuardedField> = new Set(guardedFields)

/** References that an admin allows without a grant. */
export interface ExemptReferences {
  /** Whether routes that serve only a mesh need no grants (GEP-1294). */
  readonly meshRoutes: boolean
  /** Kinds that an implementation resolves in its own way, so that references to them need no grant. */
  readonly targets: readonly GroupKind[]
}

/** A kind with its guarded fields, in catalogue order and as a tree. */
interface JudgedKind {
  readonly referrer: ReferrerKind
  readonly fields: readonly FieldSteps[]
  readonly tree: FieldTree
}

/** What is judged: the guarded fields of each kind, the exemptions, and the kinds of grants. */
export class Coverage {
  readonly fields: readonly GuardedField[]
  readonly exemptReferences: ExemptReferences
  /** The kinds of grants that count for at least one field. */
  readonly grantKinds: readonly GrantKind[]
  readonly #byKind = new Map<string, JudgedKind>()

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
    for (const [key, ofKind] of Map.groupBy(fields, ({ from }) => kindKey(from))) {
      const [{ from: referrer }] = ofKind as [GuardedField]
      const steps = ofKind.map((field) => fieldSteps(field, governing(field)))
      this.#byKind.set(key, { referrer, fields: steps, tree: treeOf(steps) })
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

  /** Returns the guarded fields of a kind as a tree; undefined for a kind without guarded fields. */
  treeOf(kind: GroupKind): FieldTree | undefined {
    return this.#byKind.get(kindKey(kind))?.tree
  }
}

function fieldSteps(field: GuardedField, grantKinds: readonly GrantKind[]): FieldSteps {
  const { path, groupField = 'group', to } = field
  return { path, steps: stepsOf(path), groupField, to, grantKinds, own: !standard.has(field) }
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

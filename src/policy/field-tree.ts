import type { GrantKind } from './grant-kinds.ts'
import type { GroupKind } from './reference.ts'

/** A guarded field whose path is split into steps: a property's name, or `[]` for each element of a list. */
export interface FieldSteps {
  readonly path: string
  readonly steps: readonly string[]
  readonly groupField: string
  readonly to: GroupKind | undefined
  /** The kinds of the grants that may permit a reference in this field; fields with the same kinds share one list. */
  readonly grantKinds: readonly GrantKind[]
  /** Whether an admin added the field: its schema is unknown, and the row may be wrong. */
  readonly own: boolean
}

/** A field of a tree, with its place among the fields. */
export type PlacedField = FieldSteps & { readonly place: number }

/** Guarded fields as a tree of their steps, so that one walk through an object visits all of them. */
export interface FieldTree {
  readonly step: string
  /** What the step adds to the path of an object's field. The walk adds the index in a list. */
  readonly suffix: string
  /** The fields that end here. */
  readonly ending: PlacedField[]
  readonly next: FieldTree[]
  /** The fields that an admin added, of those that end here or further on. */
  readonly own: FieldSteps[]
}

/** Returns the tree of fields; its root stands for the object. */
export function treeOf(fields: readonly FieldSteps[]): FieldTree {
  const root = leaf('', '')
  for (const [place, field] of fields.entries()) {
    let tree = root
    for (const step of field.steps) {
      tree = nextOf(tree, step)
      if (field.own) tree.own.push(field)
    }
    tree.ending.push({ ...field, place })
  }
  return root
}

function nextOf(tree: FieldTree, step: string): FieldTree {
  const known = tree.next.find((one) => one.step === step)
  if (known) return known
  const added = leaf(step, tree.step === '' ? step : `.${step}`)
  tree.next.push(added)
  return added
}

const leaf = (step: string, suffix: string): FieldTree => ({ step, suffix, ending: [], next: [], own: [] })

/** Splits a path into steps: a property's name, or `[]` for each element of a list. */
export function stepsOf(path: string): string[] {
  return path.replaceAll('[]', '.[]').split('.')
}

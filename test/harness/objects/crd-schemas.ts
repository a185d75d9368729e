import type { GroupKind } from '../../../src/policy/reference.ts'
import type { ApiObject } from './api-object.ts'

/** The part of a CRD's schema that fields are found by. Whatever a structural schema specifies is in these keys. */
export interface Schema {
  readonly type?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly maxItems?: number
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
}

/** One version of a kind, as a CRD defines it. */
export interface KindVersion extends GroupKind {
  readonly version: string
  readonly served: boolean
  readonly plural: string
  readonly scope: string
  readonly schema: Schema
}

/** The versions of a CRD, served or not. */
export function versionsOf(crd: ApiObject): KindVersion[] {
  const { group, names, scope, versions } = crd.spec as {
    group: string
    names: { kind: string; plural: string }
    scope: string
    versions: { name: string; served: boolean; schema: { openAPIV3Schema: Schema } }[]
  }
  const { kind, plural } = names
  return versions.map(({ name, served, schema }) => ({
    ...{ group, kind, plural, scope, served },
    version: name,
    schema: schema.openAPIV3Schema,
  }))
}

/** How often a field may be in one object, by the bounds of the lists on its way; 0 if there is no such field. */
export function mostOf(schema: Schema, path: string): number {
  const lists = path.split('[]').slice(0, -1)
  const bounds = lists.map((_, at) => schemaAt(schema, lists.slice(0, at + 1).join('[]'))?.maxItems ?? Infinity)
  return schemaAt(schema, path) ? bounds.reduce((product, bound) => product * bound, 1) : 0
}

/** The schema of a field, if there is one; the path is written as in the catalogue. */
export function schemaAt(schema: Schema, path: string): Schema | undefined {
  const steps = path.replaceAll('[]', '.[]').split('.')
  return steps.reduce<Schema | undefined>((at, step) => (step === '[]' ? at?.items : at?.properties?.[step]), schema)
}

import type { RowProblem } from '../policy/own-fields.ts'
import { quote } from './quote.ts'

type Code = RowProblem['code']
type Sentences = { readonly [C in Code]: (problem: Extract<RowProblem, { readonly code: C }>) => string }

const SENTENCES: Sentences = {
  'core-group': () => 'names the group "core": the core group is ""',
  'no-group': ({ group }) =>
    `names the group ${quote(group)}, which is not a group: write its domain without a version, since a version never counts`,
  'no-kind': ({ kind }) => `names the kind ${quote(kind)}, which is not a valid kind: write letters and digits`,
  'same-plural': ({ kind, plural, known }) =>
    `gives kind ${quote(kind)} the plural ${quote(plural)}, which belongs to kind ${quote(known)}`,
  'group-field': ({ field }) => `has the groupField ${quote(field)}, which is another part of a reference`,
  'duplicate-kind': ({ kind }) => `repeats a kind or its plural: ${quote(kind)} is already a grant kind`,
  'kind-spelling': ({ kind, meant }) =>
    `names the kind ${quote(kind)}: kinds are compared exactly, write ${quote(meant)}`,
  'cluster-scoped': ({ kind }) => `is about ${quote(kind)}, which is cluster-scoped: a ReferenceGrant cannot accept it`,
  'no-plural': ({ plural }) =>
    `has the plural ${quote(plural)}: write the resource's name in lower case, of at most 63 characters`,
  'other-plural': ({ kind, plural, known }) =>
    `gives ${quote(kind)} the plural ${quote(plural)}, but another row gives it ${quote(known)}`,
  'no-path': ({ path }) =>
    `has the path ${quote(path)}: write names separated by dots, with [] after each list, such as spec.rules[].backendRefs[]`,
  'never-judged': ({ path, root }) => `has the path ${quote(path)}, but refgrant does not judge ${root}`,
  'no-cel-identifier': ({ path, root }) =>
    `has the path ${quote(path)}, which a match condition cannot use: ${quote(root)} is not an identifier in CEL`,
  text: ({ path }) =>
    `has the path ${quote(path)}, which leads to text: name the object that holds the name and the namespace`,
  list: ({ path, list }) => `has the path ${quote(path)}: ${list} is a list, write [] after it`,
  'no-list': ({ path, list }) => `has the path ${quote(path)}: ${list} is not a list`,
  'unknown-grant-kind': ({ group, kind }) =>
    `names the grant kind ${quote(kind)} of group ${quote(group)}, which is not in grantKinds`,
  duplicate: ({ path, kind }) => `repeats a row: ${quote(path)} of ${quote(kind)} is guarded already`,
  'too-many-kinds': ({ kinds, most }) =>
    `makes ${kinds} kinds with those of Gateway API, but a registration can have at most ${most}`,
}

/** Returns a problem of a row, in words that continue the name of its field. */
export function rowSentence<C extends Code>(problem: Extract<RowProblem, { readonly code: C }>): string {
  return SENTENCES[problem.code as C](problem as never)
}

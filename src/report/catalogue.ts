import { API_VERSION } from '../admission/names.ts'
import type { GuardedField } from '../policy/catalogue.ts'
import { kindTitle } from '../wording/objects.ts'
import { toJson } from './json.ts'
import { table } from './table.ts'

const HEAD = ['FROM', 'FIELD', 'TO'] as const

/** Prints the guarded fields as a table. */
export function catalogueText(fields: readonly GuardedField[]): Iterable<string> {
  return table(HEAD, fields.map(cells))
}

/** Prints the guarded fields as JSON. */
export function catalogueJson(fields: readonly GuardedField[]): Iterable<string> {
  return toJson({ apiVersion: API_VERSION, kind: 'Catalogue', guardedFields: fields })
}

/** Prints the guarded fields as a Markdown table. Only the first field of a kind names the kind. */
export function catalogueMarkdown(fields: readonly GuardedField[]): Iterable<string> {
  const byKind = [...Map.groupBy(fields, ({ from }) => kindTitle(from))]
  const rows = byKind.flatMap(([kind, group]) =>
    group.map(({ path, to }, index) => `| ${index === 0 ? kind : ''} | \`${path}\` | ${target(to)} |`),
  )
  return ['| kind | field | refers to |', '|---|---|---|', ...rows].map((line) => `${line}\n`)
}

function cells({ from, path, to }: GuardedField): string[] {
  return [kindTitle(from), path, target(to)]
}

function target(to: GuardedField['to']): string {
  return to ? kindTitle(to) : 'the kind it names'
}

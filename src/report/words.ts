import { objectTitle, sentence } from '../policy/explain.ts'
import { lintSentence } from '../policy/lint-sentence.ts'
import { quote } from '../policy/quote.ts'
import type { Finding } from './finding.ts'

/** The version of every JSON report. It changes when a field changes its meaning or goes; fields may be added. */
export const REPORT_VERSION = 'refgrant.dev/v1alpha1'

/** A finding in words, without its place. */
export function findingSentence(finding: Finding): string {
  if (finding.code === 'not-permitted') return `${objectTitle(finding.reference.from)}: ${sentence(finding.reference)}`
  const { namespace, name } = finding.grant
  return `ReferenceGrant ${quote(name)} in namespace ${quote(namespace)}: ${lintSentence(finding)}`
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** JSON as commands print it: for machines, and still to be read by people. */
export function toJson(report: unknown): string {
  return `${JSON.stringify(report, undefined, 2)}\n`
}

import type { Finding } from './finding.ts'
import { type FindingCode, isFindingCode, SEVERITIES, type Severity } from './finding-codes.ts'

/** Which findings make a command fail. */
export interface FailOn {
  readonly severities: ReadonlySet<Severity>
  readonly codes: ReadonlySet<FindingCode>
  /** Whether only findings count that the baseline does not have. */
  readonly onlyNew: boolean
}

/** What decides whether a finding makes a command fail. */
export type Judged = Pick<Finding, 'code' | 'severity' | 'change'>

/** What each word stands for; a code stands for itself. */
const WORDS: Record<string, readonly Severity[]> = {
  error: ['error'],
  warning: ['error', 'warning'],
  note: ['error', 'warning', 'note'],
  none: [],
}

/** All words that say which findings make a command fail. */
export const FAIL_ON_WORDS: readonly string[] = [...Object.keys(WORDS), 'new', ...Object.keys(SEVERITIES)]

/**
 * Returns which findings make a command fail, by severities, codes and the word `new`; errors do without a severity or a
 * code.
 *
 * @param words some of `FAIL_ON_WORDS`
 */
export function failOnOf(words: readonly string[]): FailOn {
  const codes = new Set(words.filter(isFindingCode))
  const named = words.filter((word) => Object.hasOwn(WORDS, word))
  const severities = (named.length + codes.size === 0 ? ['error'] : named).flatMap((word) => WORDS[word] ?? [])
  return { severities: new Set(severities), codes, onlyNew: words.includes('new') }
}

/** Whether a finding makes the command fail. */
export function fails({ severities, codes, onlyNew }: FailOn, { code, severity, change }: Judged): boolean {
  return (severities.has(severity) || codes.has(code)) && !(onlyNew && change === 'unchanged')
}

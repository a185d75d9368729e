import { type FindingCode, SEVERITIES } from '../../policy/finding-codes.ts'
import { meaningOf } from '../../wording/meanings.ts'
import { visible } from '../../wording/quote.ts'
import type { CheckReport } from '../check.ts'
import { toJson } from '../json.ts'
import { type Told, withDigests } from '../told.ts'
import { errorsFirst, type Format, spanOf } from './format.ts'

/** The most results that GitHub takes of a run. Source: GitHub, "SARIF support for code scanning", limits. */
const MOST_RESULTS = 25_000

/**
 * The findings that concern security: grants that permit more than their authors may intend. GitHub shows a finding with a
 * score as a security alert of that level, and fails a pull request only for high ones, so a missing grant has none: it
 * permits nothing.
 */
const SECURITY: Partial<Record<FindingCode, string>> = { 'grant-unknown-field': '7.0', 'grant-every-name': '2.0' }

const CODES = Object.keys(SEVERITIES) as FindingCode[]

/** Prints the report as SARIF 2.1.0, by the rules of GitHub. */
export function checkSarif(report: CheckReport, format: Format): Generator<string> {
  const { problems, notes } = report
  const told = (level: string) => (line: string) => ({ level, message: { text: text(visible(line)) } })
  return toJson({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'refgrant',
            version: format.version,
            semanticVersion: format.version,
            rules: CODES.map(ruleOf),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: problems.length === 0,
            toolExecutionNotifications: [...problems.map(told('error')), ...notes.map(told('note'))],
          },
        ],
        results: resultsOf(errorsFirst(report).slice(0, MOST_RESULTS), format),
      },
    ],
  })
}

function ruleOf(code: FindingCode) {
  const { meaning, remedy } = meaningOf(code)
  const severity = SEVERITIES[code]
  const score = SECURITY[code]
  return {
    id: code,
    shortDescription: { text: plain(meaning) },
    fullDescription: { text: `${plain(meaning)}. To correct it: ${plain(remedy)}.` },
    help: { text: `To correct it: ${plain(remedy)}.`, markdown: `${meaning}. To correct it: ${remedy}.` },
    defaultConfiguration: { level: severity },
    properties: {
      tags: ['gateway-api', ...(score === undefined ? [] : ['security'])],
      precision: 'very-high',
      'problem.severity': severity === 'note' ? 'recommendation' : severity,
      'security-severity': score,
    },
  }
}

/** Returns a text without the marks of Markdown that the meanings of findings have. */
const plain = (markdown: string) => markdown.replaceAll('`', '')

function* resultsOf(findings: readonly Told[], format: Format) {
  const seen = new Map<string, number>()
  for (const [told, digest] of withDigests(findings)) {
    const { code, severity, message, change, file = '' } = told
    const { line, column, endLine, endColumn } = spanOf(told)
    const hash = format.lineHash(file, line) ?? digest
    // GitHub shows only one of two results with the same file, rule and hash.
    const key = JSON.stringify([file, code, hash])
    const before = seen.get(key) ?? 0
    seen.set(key, before + 1)
    yield {
      ruleId: code,
      ruleIndex: CODES.indexOf(code),
      level: severity,
      message: { text: text(message) },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: uriOf(format.pathOf(file)) },
            region: { startLine: line, startColumn: column, endLine, endColumn },
          },
        },
      ],
      partialFingerprints: {
        primaryLocationLineHash: before === 0 ? hash : `${hash}-${before}`,
        'refgrantIdentity/v1': digest,
      },
      baselineState: change && { introduced: 'new', unchanged: 'unchanged' }[change],
    }
  }
}

/** Escapes what SARIF reads as the end of a link's text. Source: SARIF 2.1.0, 3.11.6 (messages with embedded links). */
function text(message: string): string {
  return message.replaceAll('](', '\\](')
}

/** Returns a path as a relative reference, or an absolute one as a URI. */
function uriOf(file: string): string {
  const uri = file.split('/').map(encodeURIComponent).join('/')
  return file.startsWith('/') ? `file://${uri}` : uri
}

import { counted } from '../../wording/counted.ts'
import { visible } from '../../wording/quote.ts'
import type { CheckReport } from '../check.ts'
import { comparedLine, unshown } from '../check.ts'
import { countsOf, errorsFirst, type Format } from './format.ts'

/** The most that GitHub takes as the summary of a step, in bytes, less room for the last line. */
const MOST_BYTES = 1_024 * 1_024 - 256

/** Prints the report as a table of Markdown, for example for the summary of a step in GitHub Actions. */
export function* checkMarkdown(report: CheckReport, { pathOf }: Format): Generator<string> {
  const findings = errorsFirst(report).filter(({ change }) => change !== 'unchanged')
  let room = MOST_BYTES
  const fits = (text: string) => {
    room -= Buffer.byteLength(text)
    return room >= 0
  }
  const head = `### refgrant check: ${countsOf(report)}\n\n${baselineLine(report)}`
  const rows = findings.map(({ severity, code, message, file = '', line }) => {
    const place = literal(visible(`${pathOf(file)}:${line}`))
    return `| ${severity} | ${place} | ${literal(message)} | ${code} |\n`
  })
  const problems = report.problems.map((problem) => `- could not be read: ${literal(visible(problem))}\n`)
  const table = '| severity | place | finding | code |\n|---|---|---|---|\n'
  let left = unshown(report)
  for (const text of [head, ...problems, ...(rows.length > 0 ? [`\n${table}`, ...rows] : [])]) {
    if (fits(text)) yield text
    else left += 1
  }
  if (left > 0) yield `\nNot shown: ${counted(left, 'more finding')}\n`
}

function baselineLine({ baseline }: CheckReport): string {
  if (!baseline) return ''
  return `${literal(comparedLine(baseline))}\n\n`
}

/**
 * Escapes a text on one line so that Markdown shows it as it is: marks, tags, cells of tables, links and mentions. Entities
 * work in every place, unlike backslashes.
 */
function literal(text: string): string {
  return text
    .replaceAll(/[^\p{L}\p{N} .,;"'/=+?-]/gu, (character) => `&#${character.codePointAt(0)};`)
    .replaceAll(/www\./gi, (word) => word.replace('.', '&#46;'))
}

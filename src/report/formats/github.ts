import type { Severity } from '../../policy/finding-codes.ts'
import { bare, visible } from '../../wording/quote.ts'
import { type CheckReport, comparedLine } from '../check.ts'
import type { Told } from '../told.ts'
import { countsOf, errorsFirst, type Format, spanOf } from './format.ts'

/** The most annotations of each severity that GitHub takes of a step; of a job, it takes 50. */
const SHOWN = 10

const COMMANDS: Record<Severity, string> = { error: 'error', warning: 'warning', note: 'notice' }

/**
 * Prints the report as annotations of GitHub Actions, errors first, as many as GitHub takes. The others are lines of the
 * log. With a baseline, only what was introduced is annotated.
 */
export function* checkGithub(report: CheckReport, { pathOf }: Format): Generator<string> {
  const annotated = { error: 0, warning: 0, note: 0 }
  for (const problem of report.problems) {
    annotated.error += 1
    const line = visible(problem)
    yield annotated.error <= SHOWN ? `::error title=refgrant::${data(line)}\n` : `${line}\n`
  }
  for (const told of errorsFirst(report)) {
    const { severity, message, code, change, file = '' } = told
    if (change !== 'unchanged') annotated[severity] += 1
    if (change !== 'unchanged' && annotated[severity] <= SHOWN)
      yield `::${COMMANDS[severity]} ${properties(told, pathOf(file))}::${data(`${message} [${code}]`)}\n`
    else yield `${bare(pathOf(file))}:${told.line}: ${severity}: ${message} [${code}]\n`
  }
  yield `refgrant: ${countsOf(report)}\n`
  if (report.baseline) yield `refgrant: ${comparedLine(report.baseline)}\n`
}

/** Source: GitHub, "Workflow commands for GitHub Actions"; a range of columns is only for one line. */
function properties(told: Told, file: string): string {
  const { line, column, endLine, endColumn } = spanOf(told)
  const columns = line === endLine ? { col: column, endColumn } : {}
  const all = { file: visible(file), line, endLine, ...columns, title: `refgrant: ${told.code}` }
  return Object.entries(all)
    .map(([key, value]) => `${key}=${property(String(value))}`)
    .join(',')
}

/** Source: actions/toolkit, packages/core/src/command.ts (escapeData, escapeProperty). */
const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

import { existsSync } from 'node:fs'
import path from 'node:path'
import { atRevision } from '../files/revision.ts'
import { STDIN } from '../files/text.ts'
import { type Baseline, findingsIn } from '../report/baseline.ts'
import type { CheckReport } from '../report/check.ts'
import { toldOf } from '../report/told.ts'
import { Failure } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import { showProgress } from '../terminal/progress.ts'
import { bare, quote } from '../wording/quote.ts'
import type { Asked } from './files.ts'
import { namedText } from './named-text.ts'
import { remotesOf, repositoryRoot } from './repository.ts'

/**
 * Reads the findings that a check is compared with: those of a report in a file, or those of the same paths at a revision of
 * the user's git repository.
 *
 * @param check checks paths
 * @throws Failure if there is neither such a report nor such a revision
 */
export async function readBaseline(
  named: string,
  asked: Asked,
  check: (asked: Asked) => Promise<CheckReport>,
): Promise<Baseline> {
  if (named === STDIN || existsSync(named)) return reportIn(named)
  const { paths, grants = [], kustomize } = asked
  showProgress(`reading ${quote(named)}`)
  const rendered = kustomize === undefined ? [] : [kustomize]
  return atRevision(named, [...paths, ...grants, ...rendered], rendered.length > 0, async (found) => {
    const there = found.paths.filter((one) => existsSync(one))
    const former = (some: readonly string[]) => there.filter((one) => some.includes(one))
    const report = await check({
      ...asked,
      repository: { root: found.folder, urls: await remotesOf(repositoryRoot()) },
      paths: former(found.paths.slice(0, paths.length)),
      grants: former(found.paths.slice(paths.length, paths.length + grants.length)),
      kustomize: former(found.paths.slice(paths.length + grants.length))[0],
    })
    const inside = (text: string) => text.replaceAll(`${found.folder}${path.sep}`, '')
    const findings = report.findings
      .map(toldOf)
      .map((told) => ({ ...told, ...(told.file && { file: inside(told.file) }) }))
    const missing = [...paths, ...grants, ...rendered].filter((_, at) => !there.includes(found.paths[at] ?? ''))
    const [problem] = report.problems
    const submodules = found.missing.map((one) => `the submodule ${bare(one)} at its commit`)
    const notes = [
      ...[...missing.map(bare), ...submodules].map(
        (one) => `${quote(named)} does not have ${one}: all its findings count as introduced`,
      ),
      ...(problem === undefined ? [] : [`the baseline ${quote(named)} may have more findings: ${inside(problem)}`]),
    ]
    const omitted = new Map(Array.from(report.omitted, ([digest, { count }]) => [digest, count]))
    return { source: named, findings, omitted, notes }
  })
}

async function reportIn(file: string): Promise<Baseline> {
  const report = findingsIn(await namedText(file))
  if (!report) throw new Failure(`${bare(file)}: is not a report of ${PROGRAM} check -o json`)
  const note = `the baseline ${quote(file)} is not complete: a finding that it does not have counts as introduced`
  const { findings, omitted, isComplete } = report
  return { source: file, findings, omitted, notes: isComplete ? [] : [note] }
}

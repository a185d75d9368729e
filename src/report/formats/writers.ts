import { type CheckReport, checkJson } from '../check.ts'
import { namesText } from '../names.ts'
import { toldOf } from '../told.ts'
import { reportYaml } from '../yaml.ts'
import type { Format } from './format.ts'
import { checkGithub } from './github.ts'
import { checkGitlab } from './gitlab.ts'
import { checkJunit } from './junit.ts'
import { checkMarkdown } from './markdown.ts'
import { checkSarif } from './sarif.ts'

/** The formats of a report for programs and services, by the names of `--output`. */
export const WRITERS = {
  json: checkJson,
  yaml: (report: CheckReport) => reportYaml(checkJson(report)),
  name: checkNames,
  sarif: checkSarif,
  junit: checkJunit,
  github: checkGithub,
  gitlab: checkGitlab,
  markdown: checkMarkdown,
} satisfies Record<string, (report: CheckReport, format: Format) => Iterable<string>>

/** Prints the names of the objects and grants with findings; compared with a baseline, with introduced ones. */
function checkNames({ findings }: CheckReport): Generator<string> {
  const shown = findings.filter(({ change }) => change !== 'unchanged')
  return namesText(shown.map(toldOf).flatMap(({ object, grant }) => object ?? grant ?? []))
}

/** The formats of a report, by the names of `--output`. */
export type CheckFormat = 'text' | keyof typeof WRITERS

export const FORMATS = ['text', ...Object.keys(WRITERS)] as readonly CheckFormat[]

import { type CheckReport, checkJson } from '../check.ts'
import type { Format } from './format.ts'
import { checkGithub } from './github.ts'
import { checkGitlab } from './gitlab.ts'
import { checkJunit } from './junit.ts'
import { checkMarkdown } from './markdown.ts'
import { checkSarif } from './sarif.ts'

/** The formats of a report for programs and services, by the names of `--output`. */
export const WRITERS = {
  json: checkJson,
  sarif: checkSarif,
  junit: checkJunit,
  github: checkGithub,
  gitlab: checkGitlab,
  markdown: checkMarkdown,
} satisfies Record<string, (report: CheckReport, format: Format) => Iterable<string>>

export type MachineFormat = keyof typeof WRITERS

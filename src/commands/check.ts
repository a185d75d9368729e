import { Command } from 'commander'
import { catalogueOf, loadConfig } from '../config/load.ts'
import type { FileObject } from '../files/object-files.ts'
import type { Finding, GrantFlaw, Place } from '../policy/finding.ts'
import { SEVERITIES, type Severity } from '../policy/finding-codes.ts'
import { lintObject, type ObjectFlaw } from '../policy/lint-object.ts'
import { type SurveyedReference, survey } from '../policy/survey.ts'
import { type CheckReport, checkJson, checkText } from '../report/check.ts'
import { duplicatesOf } from './duplicates.ts'
import { EXIT } from './failure.ts'
import { flawsOf } from './flaws.ts'
import { MODES_UNKNOWN, readInput } from './input.ts'
import { configOption, excludeOption, filenameOption, namespaceOption, outputOption, pathsOf } from './options.ts'
import { print, reportProblems, tellNotes } from './print.ts'
import { withoutVariables } from './variables.ts'

/** References without a grant that a report shows; the others are counted. */
const SHOWN = 1_000

interface CheckOptions {
  readonly filename: readonly string[]
  readonly grants: readonly string[]
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly output: 'text' | 'json'
}

/** `refgrant check`: files against the grants among them. */
export function checkCommand(): Command {
  return new Command('check')
    .description('check the objects of files against the ReferenceGrants among them, without a cluster')
    .argument('[path...]', 'YAML and JSON files, folders of them, or - for standard input')
    .addOption(filenameOption())
    .option('--grants <path...>', 'more files or folders whose ReferenceGrants count; their other objects do not', [])
    .addOption(namespaceOption())
    .addOption(excludeOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExit codes: 0 no errors found; 1 errors found; 2 could not check, or not all of it.')
    .action(check)
}

async function check(args: string[], options: CheckOptions): Promise<void> {
  const { filename, grants, namespace, exclude, output } = options
  const paths = pathsOf(args, filename, 'check')
  const config = loadConfig(options.config)
  const catalogue = catalogueOf(config)
  const input = await readInput({ paths, grants, namespace, exclude }, catalogue, 'check -')
  const exemptNamespaces = new Set(config.exempt.namespaces)
  const surveyed = survey(catalogue, input.objects, input.grants, exemptNamespaces)
  const { tooLarge, exempt } = surveyed
  const { rendered: references, notes } = withoutVariables(surveyed.references)

  const { flaws, counts } = flawsOf(input.own, ({ object }) => object, catalogue)
  const duplicates = duplicatesOf(input.own)
  const objectFlaws = input.objects.flatMap((one) => [...lintObject(catalogue, one.name, one.object)].map(flawIn(one)))
  const refused = references.filter(({ grants }) => grants.length === 0)
  const report: CheckReport = {
    files: input.files,
    objects: input.objects.length,
    references: references.length,
    findings: [
      ...flaws.map(placed),
      ...duplicates.slice(0, SHOWN),
      ...objectFlaws.slice(0, SHOWN),
      ...tooLarge.map(tooManyReferences),
      ...refused.slice(0, SHOWN).map(notPermitted),
    ].sort(byPlace),
    counts: {
      error: counts.error + tooLarge.length + refused.length + countOf(objectFlaws, 'error'),
      warning: counts.warning + duplicates.length + countOf(objectFlaws, 'warning'),
      note: counts.note,
    },
    exempt,
    problems: input.problems,
    notes: [...input.notes, ...notes, ...(options.config === undefined ? [] : [MODES_UNKNOWN])],
  }
  await print(output === 'json' ? checkJson(report) : checkText(report, process.stdout))
  if (report.counts.error > 0) process.exitCode = EXIT.findings
  tellNotes(report.notes)
  reportProblems(report.problems)
}

function placed({ object: { file, lineOf }, ...flaw }: GrantFlaw & { object: FileObject }): Placed {
  return { ...flaw, place: { file, line: lineOf(flaw.path) } }
}

const flawIn =
  ({ file, lineOf }: FileObject) =>
  (flaw: ObjectFlaw) => ({ ...flaw, place: { file, line: lineOf(flaw.path) } })

const countOf = (flaws: readonly ObjectFlaw[], severity: Severity) =>
  flaws.filter((one) => one.severity === severity).length

function notPermitted({ object, reference }: SurveyedReference<FileObject>): Placed {
  const place = { file: object.file, line: object.lineOf(reference.path) }
  return { code: 'not-permitted', severity: SEVERITIES['not-permitted'], reference, place }
}

function tooManyReferences({ object, count }: { object: FileObject; count: number }): Placed {
  const place = { file: object.file, line: object.line }
  const severity = SEVERITIES['too-many-references']
  return { code: 'too-many-references', severity, object: object.name, references: count, place }
}

type Placed = Finding & { readonly place: Place }

/** By file, in the order of their names, and then by line. */
function byPlace({ place: a }: Placed, { place: b }: Placed): number {
  if (a.file === b.file) return a.line - b.line
  return a.file < b.file ? -1 : 1
}

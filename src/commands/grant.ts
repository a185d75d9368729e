import { Command } from 'commander'
import { coverageOf } from '../config/config.ts'
import { configurationOf } from '../input/configuration.ts'
import { readInput } from '../input/files.ts'
import { grantObject } from '../policy/grant.ts'
import { grantKindFor, kindOf } from '../policy/grant-kinds.ts'
import { missingGrants, ungrantable } from '../policy/missing-grant.ts'
import { NearMisses } from '../policy/near-misses.ts'
import type { Reference } from '../policy/reference.ts'
import { survey } from '../policy/survey.ts'
import { flawsOf } from '../report/flaws.ts'
import { toJson } from '../report/json.ts'
import { withoutVariables } from '../report/variables.ts'
import { toYaml } from '../report/yaml.ts'
import { EXIT } from '../system/failure.ts'
import {
  configOption,
  excludeOption,
  filenameOption,
  kustomizeOption,
  namespaceOption,
  outputOption,
  pathsOf,
} from '../terminal/options.ts'
import { print, reportProblems, tell, tellNotes } from '../terminal/print.ts'
import { findingSentence } from '../wording/finding.ts'
import { editNote } from '../wording/near-miss.ts'
import { objectTitle } from '../wording/objects.ts'
import { quote } from '../wording/quote.ts'

interface GrantOptions {
  readonly filename: readonly string[]
  readonly kustomize?: string
  readonly grants: readonly string[]
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly output: 'yaml' | 'json'
}

/** `refgrant grant`: prints the missing grants of the objects of files. */
export function grantCommand(): Command {
  return new Command('grant')
    .description('print the smallest grants that permit the references of the objects of files')
    .argument('[path...]', 'YAML and JSON files, folders of them, or - for standard input')
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .option('--grants <path...>', 'more files or folders with existing ReferenceGrants', [])
    .addOption(namespaceOption())
    .addOption(excludeOption())
    .addOption(configOption())
    .addOption(outputOption(['yaml', 'json']))
    .addHelpText(
      'after',
      '\nA ReferenceGrant among the files counts as existing.\n\nExit codes: 0 done; 1 a printed grant cannot permit anything; 2 a file could not be read, or a reference has no possible grant.',
    )
    .action(grant)
}

async function grant(args: string[], options: GrantOptions): Promise<void> {
  const { filename, kustomize, grants, namespace, exclude, config, output } = options
  const paths = pathsOf(args, filename, 'grant', kustomize)
  const coverage = coverageOf(await configurationOf(config))
  const input = await readInput({ paths, kustomize, grants, namespace, exclude }, coverage, 'grant')
  const { rendered, notes } = withoutVariables(survey(coverage, input.objects, input.grants).references)
  const refused = rendered.filter((one) => one.grants.length === 0).map(({ reference }) => reference)
  const missing = missingGrants(refused.filter((one) => ungrantable(one) === undefined)).map((grant) => ({
    grant,
    object: grantObject(grant, kindOf(grant, coverage.grantKinds)),
  }))
  const objects = missing.map(({ object }) => object)
  await print(output === 'json' ? toJson({ apiVersion: 'v1', kind: 'List', items: objects }) : toYaml(objects))
  tellNotes([...input.notes, ...notes, ...editNotes(refused, new NearMisses(input.candidates))])
  // An object that could not be read or judged may lack a grant.
  if (refused.length + notes.length + input.problems.length === 0) process.stderr.write('no grant is missing\n')
  const useless = flawsOf(missing, (object) => object, coverage).flaws.filter(({ severity }) => severity === 'error')
  for (const flaw of useless) tell(`error: ${findingSentence(flaw)}`)
  if (useless.length > 0) process.exitCode = EXIT.findings
  reportProblems([...input.problems, ...refused.flatMap(ungrantableLines)])
}

/** Returns a note for each target that an existing grant nearly exposes to the referrer. */
function editNotes(references: readonly Reference[], nearMisses: NearMisses): string[] {
  const notes = references.map((reference) => {
    const nearest = nearMisses.nearest(reference)
    return nearest && editNote(nearest, reference)
  })
  return [...new Set(notes.filter((one) => one !== undefined))]
}

function ungrantableLines(reference: Reference): string[] {
  const { part, value } = ungrantable(reference) ?? {}
  if (part === undefined || value === undefined) return []
  const grant = grantKindFor(reference).kind
  return [
    `${objectTitle(reference.from)}: ${reference.path} needs a ${grant} with the ${part} ${quote(value)}, which the API server rejects: correct it in the object`,
  ]
}

import { Command } from 'commander'
import type { ConnectionChoice } from '../cluster/connection.ts'
import { coverageOf } from '../config/config.ts'
import { sourcesOf } from '../input/asked.ts'
import { configurationOf } from '../input/configuration.ts'
import { grantedFor } from '../input/granted.ts'
import { toJson } from '../report/json.ts'
import { grantNames } from '../report/names.ts'
import { toYaml } from '../report/yaml.ts'
import { EXIT } from '../system/failure.ts'
import { refuseUnread } from '../terminal/idle-options.ts'
import { questionAsked } from '../terminal/object-name.ts'
import {
  clusterOptions,
  configOption,
  excludeOption,
  filenameOption,
  grantsOption,
  kustomizeOption,
  namespaceOption,
  outputOption,
  pathsOf,
  questionOptions,
} from '../terminal/options.ts'
import { print, reportProblems, tell, tellNotes } from '../terminal/print.ts'
import { findingSentence } from '../wording/finding.ts'

interface GrantOptions extends ConnectionChoice {
  readonly filename: readonly string[]
  readonly kustomize?: string
  readonly grants: readonly string[]
  readonly live?: true
  readonly from?: string
  readonly to?: string
  readonly anyName?: true
  readonly merge?: true
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly output: keyof typeof FORMATS
}

/** How new and changed grants are printed. */
const FORMATS = {
  yaml: toYaml,
  json: (items: readonly object[]) => toJson({ apiVersion: 'v1', kind: 'List', items }),
  name: grantNames,
}

/** `refgrant grant`: prints the grants that references lack. */
export function grantCommand(): Command {
  const command = new Command('grant')
    .argument('[path...]', 'YAML and JSON files, folders of them, or - for standard input')
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .addOption(grantsOption('existing ReferenceGrants'))
    .option('--live', 'also count the grants of the cluster as existing; new grants have the version that it serves')
    .addOption(questionOptions.from())
    .addOption(questionOptions.to())
    .option('--any-name', 'expose every object of the kind instead of one; --to then needs no name')
    .option('--merge', 'change an existing grant instead of adding one, if it then permits nothing else')
    .addOption(namespaceOption())
    .addOption(excludeOption())
    .addOption(configOption())
    .addOption(outputOption(Object.keys(FORMATS)))
    .addHelpText(
      'after',
      '\nA ReferenceGrant among the files counts as existing. --from and --to without files read the grants of the cluster.\n\nExit codes: 0 done; 1 a printed grant cannot permit anything; 2 a file or a grant could not be read, or a reference has no possible grant.',
    )
    .action(grant)
  for (const option of clusterOptions()) command.addOption(option)
  return command
}

async function grant(args: string[], options: GrantOptions, command: Command): Promise<void> {
  const { filename, live = false, anyName = false, merge = false, output, ...rest } = options
  const coverage = coverageOf(await configurationOf(options.config))
  const question = questionAsked({ ...options, anyName }, coverage)
  const paths = question ? [...args, ...filename] : pathsOf(args, filename, 'grant', options.kustomize)
  const asked = { ...rest, subject: question ?? ('files' as const), paths, live }
  refuseUnread(command, sourcesOf(asked), options.from?.includes('/'))
  const { objects, isNone, useless, notes, problems } = await grantedFor(asked, coverage, { anyName, merge })
  await print(FORMATS[output](objects))
  tellNotes(notes)
  if (isNone) process.stderr.write('no grant is missing\n')
  for (const flaw of useless) tell(`error: ${findingSentence(flaw)}`)
  if (useless.length > 0) process.exitCode = EXIT.findings
  reportProblems(problems)
}

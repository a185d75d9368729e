import { Command } from 'commander'
import type { ConnectionChoice } from '../cluster/connection.ts'
import { readBaseline } from '../input/baseline.ts'
import { checkFiles } from '../input/checked-files.ts'
import { configurationOf } from '../input/configuration.ts'
import type { Asked } from '../input/files.ts'
import { formatFor } from '../input/format.ts'
import { refuseOverwriting } from '../input/overwriting.ts'
import type { Tool } from '../policy/apply-order.ts'
import type { FailOn } from '../policy/fail-on.ts'
import { comparedWith } from '../report/baseline.ts'
import { checkText, failed, oldFailures } from '../report/check.ts'
import { SHOWN } from '../report/flaws.ts'
import { type CheckFormat, FORMATS, WRITERS } from '../report/formats/writers.ts'
import { EXIT, Failure } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import { baselineOption, failOnOption, orderOption } from '../terminal/check-options.ts'
import { refuseUnread } from '../terminal/idle-options.ts'
import {
  clusterOptions,
  configOption,
  excludeOption,
  filenameOption,
  grantsOption,
  kustomizeOption,
  namespaceOption,
  pathsOf,
} from '../terminal/options.ts'
import { type Outputs, outputsOption, printAll } from '../terminal/outputs.ts'
import { reportProblems, tellNotes } from '../terminal/print.ts'
import { explainCommandFor, grantCommandFor } from '../wording/grant-command.ts'
import { version } from './version.ts'

interface CheckOptions extends ConnectionChoice {
  readonly filename: readonly string[]
  readonly kustomize?: string
  readonly grants: readonly string[]
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly output: Outputs<CheckFormat>
  readonly live?: true
  readonly order?: Tool
  readonly baseline?: string
  readonly failOn: FailOn
}

/** The most findings of each kind for programs: as many as GitHub takes. */
const MOST = 25_000

/** `refgrant check`: checks the objects of files against the grants among them. */
export function checkCommand(): Command {
  const command = new Command('check')
    .argument('[path...]', 'YAML and JSON files, folders of them, or - for standard input')
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .addOption(grantsOption('ReferenceGrants that count, whose other objects are ignored'))
    .option('--live', 'also count the grants of the cluster, as far as you may list them')
    .addOption(namespaceOption())
    .addOption(excludeOption())
    .addOption(configOption())
    .addOption(outputsOption(FORMATS, 'text'))
    .addOption(orderOption())
    .addOption(baselineOption())
    .addOption(failOnOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing found that --fail-on names; 1 something found; 2 the check failed or is incomplete.',
    )
    .action(check)
  for (const option of clusterOptions()) command.addOption(option)
  return command
}

async function check(args: string[], options: CheckOptions, command: Command): Promise<void> {
  const { filename, kustomize, grants, namespace, exclude, order, baseline, output, failOn } = options
  if (failOn.onlyNew && baseline === undefined)
    throw new Failure('--fail-on new compares with a baseline: add --baseline')
  const written = [...output.keys()].filter((file) => file !== undefined)
  const asked = { paths: pathsOf(args, filename, 'check', kustomize), kustomize, grants, namespace, exclude, written }
  refuseUnread(command, { files: true, cluster: options.live === true })
  refuseOverwriting(written, [options.config, baseline, options.kubeconfig])
  const config = await configurationOf(options.config)
  const formats = [...output.values()]
  const isShort = formats.every((one) => ['text', 'json', 'yaml'].includes(one)) && baseline === undefined
  const wanted = { most: isShort ? SHOWN : MOST, tool: order, live: options.live && options }
  const checked = (asked: Asked) => checkFiles(asked, config, wanted)
  const alone = await checked(asked)
  const report = baseline === undefined ? alone : comparedWith(alone, await readBaseline(baseline, asked, checked))
  const read = { ...options, program: PROGRAM }
  const remedies = { grant: grantCommandFor(asked.paths, read), explain: explainCommandFor(asked.paths, read) }
  const format = await formatFor(report, { version, failOn, hasHashes: formats.includes('sarif') })
  await printAll(output, (one, stream) =>
    one === 'text' ? checkText(report, remedies, stream) : WRITERS[one](report, format),
  )
  if (failed(failOn, report)) process.exitCode = EXIT.findings
  tellNotes([...report.notes, ...oldFailures(failOn, report)])
  reportProblems(report.problems)
}

import { Command } from 'commander'
import type { ConnectionChoice } from '../cluster/connection.ts'
import { coverageOf } from '../config/config.ts'
import { type Subject, sourcesOf } from '../input/asked.ts'
import { configurationOf } from '../input/configuration.ts'
import { explanation } from '../input/explained.ts'
import { isFindingCode } from '../policy/finding-codes.ts'
import { EXPLANATIONS, PAGES } from '../report/explain.ts'
import { hintsOf } from '../report/hints.ts'
import { EXIT } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import { othersOf, refuseIdle, refuseUnread } from '../terminal/idle-options.ts'
import { subjectArgument, subjectAsked } from '../terminal/object-name.ts'
import {
  clusterOptions,
  configOption,
  excludeOption,
  filenameOption,
  grantsOption,
  kustomizeOption,
  namespaceOf,
  outputOption,
  questionOptions,
} from '../terminal/options.ts'
import { print, reportProblems, tellNotes } from '../terminal/print.ts'

interface ExplainOptions extends ConnectionChoice {
  readonly filename: readonly string[]
  readonly kustomize?: string
  readonly grants: readonly string[]
  readonly live?: true
  readonly from?: string
  readonly to?: string
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly output: keyof typeof EXPLANATIONS
}

const AFTER = `
Examples:
  ${PROGRAM} explain httproute/checkout -n shop                            an object of the cluster
  ${PROGRAM} explain -f route.yaml --live                                  objects in files, by the grants of the cluster too
  ${PROGRAM} explain --from HTTPRoute/shop --to Service/billing/payments   a reference that need not exist
  ${PROGRAM} explain grant-core-group                                      a finding

Reads the cluster with your own rights, and says what you may not read. Kinds may be written as in kubectl.

Exit codes: 0 every reference is permitted; 1 some are not; 2 the command failed, or a verdict is not known.`

/** `refgrant explain`: says which grant permits a reference, or which grants nearly do. */
export function explainCommand(): Command {
  const command = new Command('explain')
    .addArgument(subjectArgument())
    .addOption(filenameOption('files and folders whose objects are explained'))
    .addOption(kustomizeOption())
    .addOption(grantsOption('ReferenceGrants that count'))
    .option('--live', 'with files: also count the grants of the cluster')
    .addOption(questionOptions.from())
    .addOption(questionOptions.to())
    .option(
      '-n, --namespace <namespace>',
      'namespace of the object, and of objects in files without one; default: that of the context, for files "default"',
      namespaceOf,
    )
    .addOption(excludeOption())
    .addOption(configOption())
    .addOption(outputOption(Object.keys(EXPLANATIONS)))
    .addHelpText('after', AFTER)
    .action(explain)
  for (const option of clusterOptions()) command.addOption(option)
  return command
}

async function explain(words: string[], options: ExplainOptions, command: Command): Promise<void> {
  const { filename: paths, live = false, output, ...rest } = options
  const [code = '', ...others] = words
  if (others.length === 0 && isFindingCode(code)) {
    refuseIdle(command, othersOf(command, ['output']), 'with the code of a finding')
    return print(PAGES[output](code, PROGRAM))
  }
  const config = await configurationOf(options.config)
  const subject: Subject = subjectAsked(words, options, coverageOf(config))
  const object = subject !== 'files' && 'object' in subject ? subject.object : undefined
  const asked = { ...rest, subject, paths, live }
  refuseUnread(command, sourcesOf(asked), object?.namespace !== undefined || options.from?.includes('/'))
  const report = await explanation(asked, config)
  await print(EXPLANATIONS[output](report, hintsOf(subject === 'files', paths, { ...options, program: PROGRAM })))
  const verdicts = report.references.map(({ answer }) => answer.verdict)
  if (verdicts.includes('not permitted')) process.exitCode = EXIT.findings
  tellNotes(report.notes)
  if (verdicts.includes('not known')) process.exitCode = EXIT.failed
  reportProblems(report.problems)
}

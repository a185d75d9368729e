import { Command } from 'commander'
import { coverageOf } from '../config/config.ts'
import { configurationOf } from '../input/configuration.ts'
import { readInput } from '../input/files.ts'
import { formatFor } from '../input/format.ts'
import { unknownToFiles } from '../input/notes.ts'
import type { FailOn } from '../policy/fail-on.ts'
import { checkText, failed } from '../report/check.ts'
import { checkOf } from '../report/checked.ts'
import { type MachineFormat, WRITERS } from '../report/formats/writers.ts'
import { EXIT } from '../system/failure.ts'
import { failOnOption } from '../terminal/check-options.ts'
import {
  configOption,
  excludeOption,
  filenameOption,
  namespaceOption,
  outputOption,
  pathsOf,
} from '../terminal/options.ts'
import { print, reportProblems, tellNotes } from '../terminal/print.ts'
import { explainCommandFor, grantCommandFor } from '../wording/grant-command.ts'
import { version } from './version.ts'

interface CheckOptions {
  readonly filename: readonly string[]
  readonly grants: readonly string[]
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly output: 'text' | MachineFormat
  readonly failOn: FailOn
}

const FORMATS = ['text', ...Object.keys(WRITERS)]

/** `refgrant check`: checks the objects of files against the grants among them. */
export function checkCommand(): Command {
  return new Command('check')
    .description('check the objects of files against the ReferenceGrants among them, without a cluster')
    .argument('[path...]', 'YAML and JSON files, folders of them, or - for standard input')
    .addOption(filenameOption())
    .option(
      '--grants <path...>',
      'more files or folders with ReferenceGrants that count; their other objects are ignored',
      [],
    )
    .addOption(namespaceOption())
    .addOption(excludeOption())
    .addOption(configOption())
    .addOption(outputOption(FORMATS))
    .addOption(failOnOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing found that --fail-on names; 1 something found; 2 the check failed or is incomplete.',
    )
    .action(check)
}

async function check(args: string[], options: CheckOptions): Promise<void> {
  const { filename, grants, namespace, exclude, output, failOn } = options
  const paths = pathsOf(args, filename, 'check')
  const config = await configurationOf(options.config)
  const coverage = coverageOf(config)
  const input = await readInput({ paths, grants, namespace, exclude }, coverage, 'check')
  const notes = [...input.notes, ...unknownToFiles(config)]
  const report = checkOf({ ...input, notes }, coverage, new Set(config.exempt.namespaces))
  const remedies = { grant: grantCommandFor(paths, options), explain: explainCommandFor(paths, options) }
  const format = await formatFor(report, { version, failOn, hasHashes: output === 'sarif' })
  await print(output === 'text' ? checkText(report, remedies, process.stdout) : WRITERS[output](report, format))
  if (failed(failOn, report)) process.exitCode = EXIT.findings
  tellNotes(report.notes)
  reportProblems(report.problems)
}

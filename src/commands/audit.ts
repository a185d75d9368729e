import { Command } from 'commander'
import type { ConnectionChoice } from '../cluster/connection.ts'
import { coverageOf } from '../config/config.ts'
import { auditedFiles } from '../input/audited-files.ts'
import { configurationOf } from '../input/configuration.ts'
import { formerReport } from '../input/former-report.ts'
import { type AuditReport, type AuditText, auditText } from '../report/audit.ts'
import { auditCsv } from '../report/audit-csv.ts'
import { AUDIT_FAILURES, type AuditFailure, failuresShown, isFailed } from '../report/audit-failure.ts'
import { auditJson, auditObject } from '../report/audit-json.ts'
import { auditNames } from '../report/audit-names.ts'
import { remediesOf } from '../report/audit-remedies.ts'
import { auditOf } from '../report/audited.ts'
import { comparedSince, sinceNotes } from '../report/since.ts'
import { reportYaml } from '../report/yaml.ts'
import { EXIT, Failure } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import { auditOptions, refuseUnusedOf } from '../terminal/audit-options.ts'
import { clusterOptions, filenameOption } from '../terminal/options.ts'
import { print, reportProblems, tellNotes } from '../terminal/print.ts'
import { showStep } from '../terminal/progress.ts'
import { counted } from '../wording/counted.ts'

interface AuditOptions extends ConnectionChoice {
  readonly filename: readonly string[]
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly unused?: true
  readonly broad?: true
  readonly since?: string
  readonly failOn?: ReadonlySet<AuditFailure>
  readonly output: 'text' | 'wide' | 'json' | 'yaml' | 'name' | 'csv'
}

/** `refgrant audit`: lists permissions, references and the grants that permit them. */
export function auditCommand(): Command {
  const command = new Command('audit')
    .argument(
      '[path...]',
      'YAML and JSON files, folders of them, or - for standard input; without a path, reads the cluster with your own rights',
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing found that --fail-on names; 1 something found, by default a reference that is not permitted, or, with --unused or --broad, what these print; 2 the audit failed or is incomplete.',
    )
    .action(audit)
  for (const option of [filenameOption(), ...auditOptions(AUDIT_FAILURES), ...clusterOptions()])
    command.addOption(option)
  return command
}

async function audit(args: string[], options: AuditOptions, command: Command): Promise<void> {
  const { namespace, exclude, since: file } = options
  const only = onlyOf(options)
  const failOn = options.failOn ?? failuresShown(only)
  const paths = [...args, ...options.filename]
  refuseUnusedOf(command, paths.length > 0, options.output, failOn.has('new'))
  if (failOn.has('new') && file === undefined)
    throw new Failure('--fail-on new compares with an earlier report: add --since')
  const former = file === undefined ? undefined : await formerReport(file)
  const config = await configurationOf(options.config)
  const coverage = coverageOf(config)
  const subject =
    paths.length > 0
      ? await auditedFiles({ paths, namespace, exclude }, config)
      : // Imported only here: the import of the client takes longer than reading files.
        await (await import('../input/audited-cluster.ts')).auditedCluster(options, coverage)
  showStep(`judging ${counted(subject.objects.length, 'object')}`)
  const report = auditOf(subject, coverage, new Set(config.exempt.namespaces))
  const since = former && comparedSince(auditObject(report), former, file ?? '')
  const remedies = remediesOf(report, paths, { ...options, program: PROGRAM }, coverage)
  await print(written(report, { remedies, since, only }, options.output))
  if (isFailed(report, failOn, since)) process.exitCode = EXIT.findings
  tellNotes([...report.notes, ...(former ? sinceNotes(report, former) : [])])
  reportProblems(report.problems)
}

/** Returns the only parts of the report to print; all if there are none. */
function onlyOf({ unused, broad }: AuditOptions): AuditText['only'] {
  return new Set([...(unused ? (['unused'] as const) : []), ...(broad ? (['broad'] as const) : [])])
}

function written(
  report: AuditReport,
  { remedies, since, only }: Pick<AuditText, 'remedies' | 'since' | 'only'>,
  output: AuditOptions['output'],
): Iterable<string> {
  if (output === 'json') return auditJson(report, since, only)
  if (output === 'yaml') return reportYaml(auditJson(report, since, only))
  if (output === 'csv') return auditCsv(report, only)
  if (output === 'name') return auditNames(report, only)
  return auditText(report, { remedies, only, wide: output === 'wide', since })
}

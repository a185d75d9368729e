import { Command } from 'commander'
import { coverageOf } from '../config/config.ts'
import { auditedFiles } from '../input/audited-files.ts'
import { configurationOf } from '../input/configuration.ts'
import type { Coverage } from '../policy/coverage.ts'
import { grantKindFor } from '../policy/grant-kinds.ts'
import type { SurveyedReference } from '../policy/survey.ts'
import { auditJson, auditText } from '../report/audit.ts'
import { auditOf } from '../report/audited.ts'
import { EXIT } from '../system/failure.ts'
import {
  configOption,
  contextOption,
  excludeOption,
  filenameOption,
  kubeconfigOption,
  namespaceOf,
  outputOption,
} from '../terminal/options.ts'
import { print, reportProblems, tellNotes } from '../terminal/print.ts'
import { grantCommandFor } from '../wording/grant-command.ts'

interface AuditOptions {
  readonly filename: readonly string[]
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly output: 'text' | 'json'
}

/** `refgrant audit`: lists permissions, references and the grants that permit them. */
export function auditCommand(): Command {
  return new Command('audit')
    .description(
      'list what the grants permit, the references that they permit, and the references that no grant permits',
    )
    .argument('[path...]', 'YAML and JSON files or folders; without a path, reads the cluster with your own rights')
    .addOption(filenameOption())
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .option(
      '-n, --namespace <namespace>',
      'for a cluster: read only this namespace; for files: namespace of objects without one, default: "default"',
      namespaceOf,
    )
    .addOption(excludeOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 every reference is permitted; 1 some are not; 2 the audit failed or is incomplete.',
    )
    .action(audit)
}

async function audit(args: string[], options: AuditOptions): Promise<void> {
  const { namespace, exclude } = options
  const paths = [...args, ...options.filename]
  const config = await configurationOf(options.config)
  const coverage = coverageOf(config)
  const subject =
    paths.length > 0
      ? await auditedFiles({ paths, namespace, exclude }, config)
      : // Imported only here: the import of the client takes longer than reading files.
        await (await import('../input/audited-cluster.ts')).auditedCluster(options, coverage)
  const report = auditOf(subject, coverage, new Set(config.exempt.namespaces))
  const remedy = remedyOf(report.survey.references, paths, options, coverage)
  await print(options.output === 'json' ? auditJson(report) : auditText(report, remedy))
  if (report.survey.references.some((one) => one.grants.length === 0)) process.exitCode = EXIT.findings
  tellNotes(report.notes)
  reportProblems(report.problems)
}

/** Returns the command that prints the missing grants; for a cluster, its existing grants count. */
function remedyOf(
  references: readonly SurveyedReference[],
  paths: readonly string[],
  options: AuditOptions,
  coverage: Coverage,
): string {
  if (paths.length > 0) return grantCommandFor(paths, options)
  const refused = references.filter(({ grants }) => grants.length === 0).map(({ reference }) => reference)
  const kinds = [
    ...refused.map(({ from }) => coverage.referrer(from)),
    ...refused.map((reference) => grantKindFor(reference)),
  ].filter((kind) => kind !== undefined)
  const resources = new Set(kinds.map(({ plural, group }) => (group === '' ? plural : `${plural}.${group}`)))
  const command = grantCommandFor(['-'], { config: options.config, exclude: [] })
  return `kubectl get ${[...resources].join(',')} -A -o yaml | ${command}`
}

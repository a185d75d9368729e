import { Argument, Command } from 'commander'
import type { ConnectionChoice } from '../cluster/connection.ts'
import { type Config, type Overrides, registrationOf, shapingOf, writtenOf } from '../config/config.ts'
import { configurationOf } from '../input/configuration.ts'
import { type ClientOptions, webhookClient } from '../input/webhook-client.ts'
import { chartValues } from '../manifests/chart-values.ts'
import { objectsOf, PARTS, type Part, remarkOn } from '../manifests/parts.ts'
import { driftJson, driftText } from '../report/drift.ts'
import { toJson } from '../report/json.ts'
import { toYaml } from '../report/yaml.ts'
import type { Wanted } from '../runtime/comparison.ts'
import { EXIT, Failure } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import { clientOptions } from '../terminal/client-options.ts'
import { CLUSTER, othersOf, refuseIdle } from '../terminal/idle-options.ts'
import { clusterOptions, configOption, failurePolicyOption, modeOption, outputOption } from '../terminal/options.ts'
import { print, tell } from '../terminal/print.ts'

interface ManifestsOptions extends Overrides, ConnectionChoice, ClientOptions {
  readonly config?: string
  readonly output: 'yaml' | 'json'
  readonly diff?: true
}

/** The parts that are printed by default, and that `--diff` can compare. */
const COMPARED: readonly Part[] = ['rbac', 'webhook']

/** `refgrant manifests`: prints the Kubernetes objects that the server needs. */
export function manifestsCommand(): Command {
  const parts = new Argument('[part]', 'only this part').choices([...PARTS, 'values'])
  const command = new Command('manifests')
    .addHelpText(
      'after',
      '\nWithout a part, prints rbac and webhook. Apply webhook last, after the Deployment is ready.\nThe part mode-label-policy is optional: it lets only users with the verb set-refgrant-mode change the mode label of a\nnamespace. The part values prints the values of the chart for a configuration.\n\nExit codes: 0 done; 1 --diff found differences; 2 failed.',
    )
    .addArgument(parts)
    .addOption(configOption())
    .addOption(modeOption())
    .addOption(failurePolicyOption())
    .addOption(outputOption(['yaml', 'json']))
    .option('--diff', 'print only where the live registration and rights differ; reads them with your own rights')
  for (const option of [...clientOptions(), ...clusterOptions()]) command.addOption(option)
  return command.action(async (part: Part | 'values' | undefined, options: ManifestsOptions, self: Command) => {
    refuseUnused(self, part, options)
    const { config: file, output, mode, failurePolicy, diff } = options
    const config = await configurationOf(file, { mode, failurePolicy })
    if (part === 'values') return printValues(config, options)
    if (options.static && (part !== 'webhook' || diff))
      throw new Failure(
        '--static is for the part webhook, without --diff: the API server does not show what it reads from files',
      )
    const registration = registrationOf(config)
    const client = webhookClient(options)
    const chosen = part === undefined ? COMPARED : [part]
    if (diff) return printDifferences(chosen, { registration, client }, options)
    const objects = chosen.flatMap((name) => objectsOf(name, registration, client))
    await print(output === 'json' ? toJson({ apiVersion: 'v1', kind: 'List', items: objects }) : toYaml(objects))
    const remark = remarkOn(chosen, registration, client)
    if (remark !== undefined) tell(remark)
  })
}

/**
 * Refuses options that would have no effect. A part of one installation takes the options of all parts, so that the commands for two
 * parts may have the same.
 */
function refuseUnused(command: Command, part: Part | 'values' | undefined, { diff }: ManifestsOptions): void {
  if (part === 'values')
    refuseIdle(command, othersOf(command, ['config', 'output', 'mode', 'failurePolicy']), 'on the part values')
  if (!diff) refuseIdle(command, CLUSTER, 'without --diff, which reads the cluster', 'add --diff')
}

/** Prints where the live objects differ from the wanted ones. */
async function printDifferences(chosen: readonly Part[], wanted: Wanted, options: ManifestsOptions): Promise<void> {
  const other = chosen.find((part) => !COMPARED.includes(part))
  if (other)
    throw new Failure(
      `--diff compares only ${COMPARED.join(' and ')}, not ${other}: run ${PROGRAM} manifests ${other} | kubectl diff -f -`,
    )
  // Imported only here: the import of the client takes longer than the manifests.
  const { comparisonsWith } = await import('../input/comparisons.ts')
  const report = (await comparisonsWith(wanted, options)).filter((one) => chosen.includes(one.part))
  if (report.some(({ differences }) => differences.length > 0)) process.exitCode = EXIT.findings
  await print(options.output === 'json' ? driftJson(report) : driftText(report))
}

/** Prints the values of the chart that follow from a configuration. */
async function printValues(config: Config, { output }: ManifestsOptions): Promise<void> {
  const generated = chartValues(registrationOf(config), shapingOf(config))
  const values = { configuration: writtenOf(config), generated }
  await print(output === 'json' ? toJson(values) : toYaml([values]))
}

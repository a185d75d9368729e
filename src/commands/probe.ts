import { Command, Option } from 'commander'
import { ApiError } from '../cluster/api-error.ts'
import type { ConnectionChoice } from '../cluster/connection.ts'
import type { Overrides } from '../config/config.ts'
import { configurationOf } from '../input/configuration.ts'
import { NAMES } from '../manifests/names.ts'
import { EXIT, Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { clusterOptions, configOption, modeOption, nameOption, namespaceOf, seconds } from '../terminal/options.ts'
import { print } from '../terminal/print.ts'
import { stopSignal } from '../terminal/stop.ts'

/** How long an API server may take to notice a registration, in s: it follows them by a watch, so most take less than one. */
const SEEN = 60

interface ProbeOptions extends ConnectionChoice, Overrides {
  readonly namespace: string
  readonly targetNamespace: string
  readonly name: string
  readonly wait: number
  readonly config?: string
}

/** `refgrant probe`: tests whether the API server calls refgrant. */
export function probeCommand(): Command {
  const command = new Command('probe')
    .addHelpText(
      'after',
      '\nCreates a ReferenceGrant for the second dry run, and deletes it again.\n\nExit codes: 0 the outcome matches the mode, or the cluster has no Gateway API; 1 it does not match; 2 failed.',
    )
    .addOption(
      new Option('-n, --namespace <namespace>', 'namespace of the route').default('default').argParser(namespaceOf),
    )
    .addOption(
      new Option('--target-namespace <namespace>', 'namespace that it refers to, in which the grant is created')
        .default(NAMES.namespace)
        .argParser(namespaceOf),
    )
    .addOption(
      new Option('--wait <seconds>', 'how long the API server may take to notice a change of the registration')
        .default(SEEN)
        .argParser(seconds),
    )
    .addOption(nameOption())
    .addOption(configOption())
    .addOption(modeOption())
  for (const option of clusterOptions()) command.addOption(option)
  return command.action(async ({ namespace, targetNamespace, name, wait, config, mode, ...choice }: ProbeOptions) => {
    const signal = stopSignal('the ReferenceGrant refgrant-probe may be left')
    const { mode: byDefault, modeLabel } = await configurationOf(config, { mode })
    // Imported only here: the import of the client takes longer than the other commands.
    const [{ probe }, { Trial }, { apiOf }] = await Promise.all([
      import('../runtime/probe.ts'),
      import('../cluster/trial.ts'),
      import('../runtime/cluster-api.ts'),
    ])
    const trial = new Trial(apiOf(choice), namespace, targetNamespace, wait * 1_000)
    const what = { namespace, registration: name, mode: byDefault, modeLabel }
    const { passed, says } = await probe(trial, what, signal).catch((error) => {
      throw new Failure(
        `cannot probe the cluster: ${signal.aborted ? 'interrupted' : `${reasonOf(error)}${remedyFor(error)}`}`,
        {
          cause: error,
        },
      )
    })
    if (!passed) process.exitCode = EXIT.findings
    await print([`${says}\n`])
  })
}

/** What to do about an answer of the API server, as a further part of the sentence. */
const REMEDIES: Readonly<Record<number, string>> = {
  403: '; the account refgrant-probe of the chart has the rights that a probe needs',
  404: '; name namespaces that exist with -n and --target-namespace',
}

const remedyFor = (error: unknown) => (error instanceof ApiError && REMEDIES[error.status]) || ''

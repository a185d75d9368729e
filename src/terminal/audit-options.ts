import { type Command, Option } from 'commander'
import { suggesting } from './completion.ts'
import { CLUSTER, refuseIdle } from './idle-options.ts'
import { listed, refuseNoneBeside } from './lists.ts'
import { configOption, excludeOption, namespaceOf, once, outputOption } from './options.ts'

/** The options of an audit about what is read, printed and judged, in the order of the help. */
export const auditOptions = (failures: readonly string[]) => [
  new Option(
    '-n, --namespace <namespace>',
    'for a cluster: read only this namespace; for files: namespace of objects without one, default: "default"',
  ).argParser(namespaceOf),
  new Option('-A, --all-namespaces', 'read all namespaces of the cluster, which is the default').conflicts('namespace'),
  excludeOption(),
  configOption(),
  outputOption(['text', 'wide', 'json', 'yaml', 'name', 'csv']),
  new Option(
    '--unused',
    'print only the grants and entries that nothing uses, or that another grant makes superfluous',
  ),
  new Option('--broad', 'print only the grants that permit more than single references need'),
  new Option(
    '--since <file>',
    'also print what differs from an earlier report, the output of --output json; - is standard input',
  ).argParser(once('--since takes one report: leave the other out')),
  failOnOption(failures),
]

function failOnOption(failures: readonly string[]): Option {
  let given: string[] = []
  const option = new Option(
    '--fail-on <what>',
    `what makes the exit code 1: ${failures.join(', ')}; several with commas (default: not-permitted; with --unused or --broad: what these print)`,
  )
  return suggesting(option, failures).argParser((text) => {
    given = [...given, ...listed(text, failures, `${failures.join(', ')}, or several of these with commas`)]
    refuseNoneBeside(given)
    return new Set(given)
  })
}

/**
 * Refuses options that would have no effect.
 *
 * @param isCompared whether the exit code depends on what differs from the former report
 * @throws Failure
 */
export function refuseUnusedOf(command: Command, hasFiles: boolean, output: string, isCompared: boolean): void {
  const ofCluster = [...CLUSTER, 'allNamespaces']
  if (hasFiles) refuseIdle(command, ofCluster, 'beside files', 'leave out the files, to audit the cluster')
  else refuseIdle(command, ['exclude'], 'without files')
  if (['name', 'csv'].includes(output) && !isCompared)
    refuseIdle(command, ['since'], `with -o ${output}, which does not print what differs`)
}

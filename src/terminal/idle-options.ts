import type { Command } from 'commander'
import { Failure } from '../system/failure.ts'

/** The options about a cluster, by the names of their values. */
export const CLUSTER = ['kubeconfig', 'context', 'as', 'asGroup', 'asUid', 'asUserExtra'] as const

/**
 * Refuses options of the command line that would have no effect. One that the environment sets may be meant for other commands.
 *
 * @param names of the values of the options
 * @param why when they have none
 * @param otherwise what to do in place of leaving them out
 * @throws Failure if one of them is given
 */
export function refuseIdle(command: Command, names: readonly string[], why: string, otherwise?: string): void {
  const given = command.options.filter((one) => {
    const name = one.attributeName()
    return names.includes(name) && command.getOptionValueSource(name) === 'cli'
  })
  if (given.length === 0) return
  const options = given.map(({ long }) => long).join(', ')
  const [has, it] = given.length === 1 ? ['has', 'it'] : ['have', 'them']
  throw new Failure(
    `${options} ${has} no effect ${why}: leave ${it} out${otherwise === undefined ? '' : `, or ${otherwise}`}`,
  )
}

/**
 * Refuses options about a cluster if only files are read, and those about files if only a cluster is read.
 *
 * @param read whether the command reads files and the cluster
 * @param isPlaced whether the command line names the namespace of the object that it is about
 * @throws Failure
 */
export function refuseUnread(
  command: Command,
  read: { readonly files: boolean; readonly cluster: boolean },
  isPlaced = false,
): void {
  if (!read.cluster) refuseIdle(command, CLUSTER, 'without --live, which reads the grants of a cluster', 'add --live')
  if (!read.files) refuseIdle(command, ['exclude'], 'without files')
  if (!read.files) refuseIdle(command, ['live'], 'without files, since the cluster is read anyway')
  if (!read.files && isPlaced) refuseIdle(command, ['namespace'], 'beside KIND/NAMESPACE, which names the namespace')
}

/** Returns all options of a command but these. */
export function othersOf(command: Command, used: readonly string[]): string[] {
  return command.options.map((one) => one.attributeName()).filter((name) => !used.includes(name))
}

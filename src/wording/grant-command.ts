import type { ObjectName } from '../policy/reference.ts'
import { shellArgument } from './shell.ts'

/** What a command read, by the names of its options. */
interface Read {
  /** What the user writes to run refgrant. */
  readonly program: string
  readonly grants?: readonly string[]
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string | undefined
  readonly kustomize?: string | undefined
  /** Whether the grants of the cluster count. */
  readonly live?: true | undefined
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly as?: string | undefined
  readonly asGroup?: readonly string[] | undefined
  readonly asUid?: string | undefined
  readonly asUserExtra?: Readonly<Record<string, readonly string[]>> | undefined
}

/** Returns the command that prints the grants that files lack. */
export function grantCommandFor(paths: readonly string[], read: Read): string {
  return [`${read.program} grant`, ...paths.map(shellArgument), ...optionsOf(read)].join(' ')
}

/** Returns the command that explains the references of files. */
export function explainCommandFor(paths: readonly string[], read: Read): string {
  const files = paths.length > 0 ? ['-f', ...paths.map(shellArgument)] : []
  return [`${read.program} explain`, ...files, ...optionsOf(read)].join(' ')
}

/** Returns the command that explains the references of an object of a cluster. */
export function explainObjectCommandFor({ group, kind, namespace, name }: ObjectName, read: Read): string {
  const object = `${group === '' ? kind : `${kind}.${group}`}/${namespace}/${name}`
  return [
    `${read.program} explain`,
    shellArgument(object),
    ...clusterOf(read),
    ...valued('--config', read.config),
  ].join(' ')
}

/** Returns the options that name the cluster and the user, each after a space; kubectl has the same. */
export function clusterOptionsOf(read: Read): string {
  return clusterOf(read)
    .map((one) => ` ${one}`)
    .join('')
}

const clusterOf = ({ kubeconfig, context, as, asGroup = [], asUid, asUserExtra = {} }: Read) => [
  ...valued('--kubeconfig', kubeconfig),
  ...valued('--context', context),
  ...valued('--as', as),
  ...asGroup.flatMap((one) => valued('--as-group', one)),
  ...valued('--as-uid', asUid),
  ...Object.entries(asUserExtra).flatMap(([key, values]) =>
    values.flatMap((value) => valued('--as-user-extra', `${key}=${value}`)),
  ),
]

const valued = (option: string, value: string | undefined) =>
  value === undefined ? [] : [option, shellArgument(value)]

function optionsOf(read: Read): string[] {
  const { grants = [], exclude, live } = read
  return [
    ...valued('-k', read.kustomize),
    ...(grants.length > 0 ? ['--grants', ...grants.map(shellArgument)] : []),
    ...(live ? ['--live', ...clusterOf(read)] : []),
    ...valued('-n', read.namespace),
    ...exclude.flatMap((one) => ['--exclude', shellArgument(one)]),
    ...valued('--config', read.config),
  ]
}

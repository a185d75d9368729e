import type { ObjectName, Reference } from '../policy/reference.ts'
import { questionOf } from './explain.ts'
import { shellArgument } from './shell.ts'

/** The cluster that a command read, and the user by whose rights. */
export interface ClusterRead {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly as?: string | undefined
  readonly asGroup?: readonly string[] | undefined
  readonly asUid?: string | undefined
  readonly asUserExtra?: Readonly<Record<string, readonly string[]>> | undefined
}

/** What a command read, by the names of its options. */
export interface Read extends ClusterRead {
  /** What the user writes to run refgrant. */
  readonly program: string
  readonly grants?: readonly string[]
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string | undefined
  readonly kustomize?: string | undefined
  /** Whether the grants of the cluster count. */
  readonly live?: true | undefined
}

/** Returns the command that prints the grants that files lack. */
export function grantCommandFor(paths: readonly string[], read: Read): string {
  return readAgain(paths, read, (paths, read) => ['grant', ...paths.map(shellArgument), ...optionsOf(read)])
}

/** Returns the command that prints the grants that the objects on standard input lack, for the end of a pipe. */
export function grantPipeFor({ program, config }: Read): string {
  return [`${program} grant -`, ...valued('--config', config)].join(' ')
}

/** Returns the command that prints the grant that one reference lacks, by the same grants. */
export function grantQuestionFor(reference: Reference, paths: readonly string[], read: Read): string {
  const isLive = paths.length + (read.grants ?? []).length === 0 && read.kustomize === undefined
  return readAgain(paths, read, (paths, read) => [
    'grant',
    questionOf(reference),
    ...filesOf(paths),
    ...(isLive ? [...clusterOf(read), ...valued('--config', read.config)] : optionsOf(read)),
  ])
}

/** Returns the command that explains the references of files. */
export function explainCommandFor(paths: readonly string[], read: Read): string {
  return readAgain(paths, read, (paths, read) => ['explain', ...filesOf(paths), ...optionsOf(read)])
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
export function clusterOptionsOf(read: ClusterRead): string {
  return clusterOf(read)
    .map((one) => ` ${one}`)
    .join('')
}

const clusterOf = ({ kubeconfig, context, as, asGroup = [], asUid, asUserExtra = {} }: ClusterRead) => [
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

const filesOf = (paths: readonly string[]) => (paths.length > 0 ? ['-f', ...paths.map(shellArgument)] : [])

/** What a command cannot read again: standard input, and the output of a command in `<(...)`. */
const PASSING = /^(-|\/dev\/stdin|\/dev\/fd\/\d+|\/proc\/[^/]+\/fd\/\d+)$/

/** Returns a command that reads the same; a file is to be saved first in place of what cannot be read again. */
function readAgain(
  paths: readonly string[],
  read: Read,
  wordsOf: (paths: readonly string[], read: Read) => readonly string[],
): string {
  const { program, grants = [], config } = read
  const passing = [...new Set([...paths, ...grants, ...(config === undefined ? [] : [config])])].filter((one) =>
    PASSING.test(one),
  )
  const files = new Map(passing.map((one, index) => [one, passing.length === 1 ? 'FILE' : `FILE${index + 1}`]))
  const saved = (one: string) => files.get(one) ?? one
  const words = wordsOf(paths.map(saved), {
    ...read,
    grants: grants.map(saved),
    config: config === undefined ? undefined : saved(config),
  })
  const command = [program, ...words].join(' ')
  if (files.size === 0) return command
  const what = [...files].map(([one, file]) => `${one === '-' ? 'standard input' : one} as ${file}`)
  return `save ${what.join(' and ')}, then run: ${command}`
}

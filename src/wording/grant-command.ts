import { shellArgument } from './shell.ts'

/** What a command read, by the names of its options. */
interface Read {
  readonly grants?: readonly string[]
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string | undefined
  readonly kustomize?: string | undefined
}

/** Returns the command that prints the grants that files lack. */
export function grantCommandFor(paths: readonly string[], read: Read): string {
  const { kustomize } = read
  const rendered = kustomize === undefined ? [] : ['-k', shellArgument(kustomize)]
  return ['refgrant grant', ...paths.map(shellArgument), ...rendered, ...optionsOf(read)].join(' ')
}

/** Returns the command that explains the references of files. */
export function explainCommandFor(paths: readonly string[], read: Read): string {
  const { kustomize } = read
  if (kustomize === undefined) return ['refgrant explain -f', ...paths.map(shellArgument), ...optionsOf(read)].join(' ')
  return `kubectl kustomize ${shellArgument(kustomize)} | ${explainCommandFor(['-', ...paths], { ...read, kustomize: undefined })}`
}

function optionsOf({ grants = [], namespace, exclude, config }: Read): string[] {
  return [
    ...(grants.length > 0 ? ['--grants', ...grants.map(shellArgument)] : []),
    ...(namespace === undefined ? [] : ['-n', shellArgument(namespace)]),
    ...exclude.flatMap((one) => ['--exclude', shellArgument(one)]),
    ...(config === undefined ? [] : ['--config', shellArgument(config)]),
  ]
}

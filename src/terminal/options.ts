import { InvalidArgumentError, Option } from 'commander'
import { MODES } from '../admission/settings.ts'
import { NAMES } from '../manifests/names.ts'
import { NAMESPACE } from '../policy/names.ts'
import { Failure } from '../system/failure.ts'

/** Returns an option that the environment may also set: `--log-level` by `REFGRANT_LOG_LEVEL`. */
export function settable(flags: string, description: string): Option {
  const option = new Option(flags, description)
  return option.env(`REFGRANT_${option.name().toUpperCase().replaceAll('-', '_')}`)
}

/**
 * Returns the parser of an option that names what a command reads, which refuses a second one: the command would not read the
 * first. Of a setting that is given twice, the last counts, as with kubectl.
 */
export function once(twice: string): (text: string, before?: string) => string {
  return (text, before) => {
    if (before !== undefined) throw new Failure(twice)
    return text
  }
}

// The options that several commands share.
export const configOption = () =>
  settable('--config <file>', 'configuration file, for example with your own guarded fields; default: none').argParser(
    once('--config takes one file: leave the other out'),
  )

export const outputOption = (choices: readonly string[] = ['text', 'json']) =>
  new Option('-o, --output <format>', 'format of the output').choices(choices).default(choices[0])

/** @param what which paths these are */
export const filenameOption = (what = 'paths, in addition to the arguments') =>
  new Option('-f, --filename <path...>', `${what}; - is standard input`).default([], 'none')

/** @param what which grants these paths have */
export const grantsOption = (what: string) =>
  new Option('--grants <path...>', `more files or folders with ${what}; - is standard input`).default([], 'none')

export const kustomizeOption = () =>
  new Option('-k, --kustomize <dir>', 'folder with a kustomization, rendered with kubectl or kustomize').argParser(
    once('-k takes one kustomization: run the command for each'),
  )

/** The options for the ends of a question. */
export const questionOptions = {
  from: () =>
    new Option('--from <kind/namespace>', 'ask about a reference from this kind and namespace, such as HTTPRoute/shop'),
  to: () =>
    new Option('--to <kind/namespace/name>', 'ask about a reference to this object, such as Service/billing/payments'),
}

/**
 * Returns the paths that a command reads, from its arguments and from `-f`.
 *
 * @param verb the name of the command, for the error; `grant` can also be asked without paths
 * @param kustomize the folder of `-k`
 * @throws Failure if there is nothing to read
 */
export function pathsOf(
  args: readonly string[],
  filename: readonly string[],
  verb: 'check' | 'grant',
  kustomize?: string,
): string[] {
  const paths = [...args, ...filename]
  if (paths.length === 0 && kustomize === undefined)
    throw new Failure(
      `there is nothing to ${verb}: name files or folders, or - for standard input${verb === 'grant' ? ', or ask with --from and --to' : ''}`,
    )
  return paths
}

export const namespaceOption = () =>
  new Option(
    '-n, --namespace <namespace>',
    'namespace of objects without one; does not change the namespace of other objects',
  )
    .default(undefined, '"default"')
    .argParser(namespaceOf)

/** Parses the name of a namespace. */
export function namespaceOf(text: string): string {
  if (!NAMESPACE.test(text))
    throw new InvalidArgumentError('a namespace: at most 63 lower-case letters, digits and -, with no - at either end')
  return text
}

/** An option that may be repeated, with one glob each. */
export const excludeOption = () =>
  new Option(
    '--exclude <glob>',
    'files and folders to leave out, by name, or by path if the glob has a slash; may be repeated',
  )
    .default([], 'hidden folders and node_modules')
    .argParser((glob: string, before: readonly string[]) => [...before, glob])

export const kubeconfigOption = () =>
  settable(
    '--kubeconfig <file>',
    'kubeconfig of the cluster; default: your kubeconfig, otherwise the service account of the Pod',
  )

/** The options about the cluster that a person reads with their own rights. */
export const clusterOptions = () => [
  kubeconfigOption(),
  contextOption(),
  new Option('--as <user>', 'user to impersonate, as in kubectl'),
  new Option('--as-group <group>', 'group to impersonate; may be repeated')
    .default([], 'none')
    .argParser((group: string, before: readonly string[]) => [...before, group]),
  new Option('--as-uid <uid>', 'UID to impersonate'),
  new Option('--as-user-extra <key=value>', 'extra value of the user to impersonate; may be repeated')
    .default({}, 'none')
    .argParser(extraOf),
]

type Extra = Readonly<Record<string, readonly string[]>>

/** Parses a value of `--as-user-extra`. kubectl ignores one without `=`. */
function extraOf(text: string, before: Extra = {}): Extra {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('KEY=VALUE')
  return { ...before, [key]: [...(before[key] ?? []), value] }
}

export const contextOption = () =>
  settable('--context <context>', 'context of the kubeconfig; default: the current context')

export const modeOption = () =>
  settable(
    '--mode <mode>',
    'what happens to violations in namespaces without the mode label; default: from the configuration, else deny',
  ).choices(MODES)

export const failurePolicyOption = () =>
  settable(
    '--failure-policy <policy>',
    'what happens to writes in mode deny while refgrant cannot answer; default: from the configuration, else Ignore',
  ).choices(['Fail', 'Ignore'])

/** The options about the names of the objects of an installation. */
export const nameOption = () =>
  settable('--name <name>', 'name of the registration, of the Service, of the account and of its roles')
    .default(NAMES.name)
    .argParser(nameOf)

export const nameOptions = (byDefault: string) => [
  nameOption(),
  settable(
    '--namespace <namespace>',
    `namespace of the Service, the account and the Secret; default: ${byDefault}`,
  ).argParser(namespaceOf),
]

export const meshRoutesOption = () =>
  settable(
    '--mesh-routes <treatment>',
    'whether mesh-only routes need grants; default: from the configuration, else exempt',
  ).choices(['exempt', 'enforce'])

export const urlOption = () =>
  new Option(
    '--url <url>',
    'origin of a server outside the cluster, https://HOST:PORT; default: the Service',
  ).argParser(originOf)

/**
 * Parses an origin. The API server rejects a user, a query and a fragment
 * (k8s.io/apiserver/pkg/util/webhook/validation.go, ValidateWebhookURL), and each entry adds its own path.
 */
function originOf(text: string): string {
  if (!/^https:\/\/[^/?#@\\\s]+\/*$/i.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError(
      'https://HOST:PORT, without a user, a query or a fragment, which the API server rejects, and without a path, since each entry adds its own',
    )
  return text.replace(/\/+$/, '')
}

/** Parses the name of an object. */
export function nameOf(text: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text))
    throw new InvalidArgumentError('a name: at most 63 lower-case letters, digits and -, with no - at either end')
  return text
}

/** The longest wait that a flag may ask for, in s: an hour is longer than any cluster waits for a pod, and far shorter than the longest timer. */
const LONGEST_WAIT = 3_600

/** Parses a number of seconds. */
export function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= LONGEST_WAIT))
    throw new InvalidArgumentError(`a number of seconds from 0 to ${LONGEST_WAIT}`)
  return value
}

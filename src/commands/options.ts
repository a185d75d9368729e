import { InvalidArgumentError, Option } from 'commander'
import { MODES } from '../admission/settings.ts'
import { NAMESPACE } from '../policy/names.ts'
import { Failure } from '../system/failure.ts'

/** An option that the environment may set too: `--log-level` by `REFGRANT_LOG_LEVEL`. */
export function settable(flags: string, description: string): Option {
  const option = new Option(flags, description)
  return option.env(`REFGRANT_${option.name().toUpperCase().replaceAll('-', '_')}`)
}

/** Options that several commands have, in the same words. */
export const configOption = () =>
  settable('--config <file>', 'configuration, with guarded fields of your own; default: none')

export const outputOption = (choices: readonly string[] = ['text', 'json']) =>
  new Option('-o, --output <format>', 'what to print').choices(choices).default(choices[0])

export const filenameOption = () =>
  new Option('-f, --filename <path...>', 'the same as a path without the option; both may be given').default([])

/**
 * The paths that a command is to read, named either way.
 *
 * @param verb what the command does, for who names none
 * @throws Failure if no path is given
 */
export function pathsOf(args: readonly string[], filename: readonly string[], verb: string): string[] {
  const paths = [...args, ...filename]
  if (paths.length === 0)
    throw new Failure(`there is nothing to ${verb}: name files or folders, or - for standard input`)
  return paths
}

export const namespaceOption = () =>
  new Option(
    '-n, --namespace <namespace>',
    'namespace of objects that name none; one that names a namespace is in that one, whatever this says',
  )
    .default(undefined, '"default"')
    .argParser(namespaceOf)

/** Takes the name of a namespace. */
export function namespaceOf(text: string): string {
  if (!NAMESPACE.test(text))
    throw new InvalidArgumentError('a namespace: at most 63 lower-case letters, digits and -, with no - at either end')
  return text
}

/** Globs, each of which may be given by an option of its own. */
export const excludeOption = () =>
  new Option(
    '--exclude <glob>',
    'files and folders to leave out of folders, by name, or with a slash by path; may be repeated',
  )
    .default([], 'hidden folders and node_modules')
    .argParser((glob: string, before: readonly string[]) => [...before, glob])

export const kubeconfigOption = () =>
  settable('--kubeconfig <file>', 'how to reach the cluster; default: the pod’s account, else your kubeconfig')

export const contextOption = () => settable('--context <name>', 'context of the kubeconfig; default: its current one')

export const modeOption = () =>
  settable(
    '--mode <mode>',
    'what becomes of violations where no label says otherwise; default: the configuration’s, deny',
  ).choices(MODES)

export const meshRoutesOption = () =>
  settable('--mesh-routes <treatment>', 'routes for a mesh only; default: the configuration’s, exempt').choices([
    'exempt',
    'enforce',
  ])

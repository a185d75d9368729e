import { Option } from 'commander'

/** Options that several commands have, in the same words. */
export const configOption = () =>
  new Option('--config <file>', 'configuration, with guarded fields of your own; default: none').env('REFGRANT_CONFIG')

export const outputOption = (choices: readonly string[] = ['text', 'json']) =>
  new Option('-o, --output <format>', 'what to print').choices(choices).default(choices[0])

export const namespaceOption = () =>
  new Option('-n, --namespace <namespace>', 'namespace of objects that name none').default('default')

export const kubeconfigOption = () =>
  new Option('--kubeconfig <file>', 'how to reach the cluster; default: the pod’s account, else your kubeconfig').env(
    'REFGRANT_KUBECONFIG',
  )

export const contextOption = () =>
  new Option('--context <name>', 'context of the kubeconfig; default: its current one').env('REFGRANT_CONTEXT')

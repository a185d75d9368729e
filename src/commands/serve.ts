import { Command } from 'commander'
import { NAMES } from '../manifests/names.ts'
import type { ServeOptions } from '../runtime/serve.ts'
import { PROGRAM } from '../system/program.ts'
import { certificatesOption, SELF_MANAGED, selfManagedOptions } from '../terminal/certificate-options.ts'
import { refuseIdle } from '../terminal/idle-options.ts'
import {
  configOption,
  contextOption,
  failurePolicyOption,
  kubeconfigOption,
  meshRoutesOption,
  modeOption,
  nameOptions,
  seconds,
  settable,
} from '../terminal/options.ts'
import { stopSignal } from '../terminal/stop.ts'

/**
 * How long the server keeps serving after SIGTERM, in s: kube-proxies learn of it within a few seconds, and a pod has 30 s.
 * Source: Kubernetes, "Pod Lifecycle", "Termination of Pods".
 */
const DRAIN = 10

/** `refgrant serve`: runs the webhook. */
export function serveCommand(): Command {
  const command = new Command('serve')
  for (const option of options()) command.addOption(option)
  // stopSignal() comes first, so that no signal is missed during a slow start.
  return command.action(async (options: ServeOptions, self: Command) => {
    const stopping = stopSignal('reviews in flight are not answered')
    const { certificates, grants, cert, key } = options
    const isOfFiles = certificates === 'files' || [grants, cert, key].some((one) => one !== undefined)
    if (isOfFiles && certificates !== 'self-managed') refuseIdle(self, SELF_MANAGED, 'with a certificate from files')
    if (grants !== undefined) refuseIdle(self, REGISTERED, 'with --grants, which needs no cluster and no registration')
    const { serve } = await import('../runtime/serve.ts')
    await serve(options, stopping)
  })
}

/** The options about the registration in a cluster, by the names of their values. */
const REGISTERED = ['name', 'namespace', 'static', 'failurePolicy']

/** The options, in the order of the help. */
const options = () => [
  kubeconfigOption(),
  contextOption(),
  settable('--grants <folder>', 'read grants from the YAML files of a folder, without a cluster').conflicts([
    'kubeconfig',
    'context',
  ]),
  settable('--listen <address>', 'HOST:PORT of the webhook, HTTPS').default(':8443'),
  certificatesOption('self-managed in a Pod without --cert and --key, otherwise files'),
  settable('--cert <file>', 'certificate chain, PEM; read again when it changes; default: certs/tls.crt'),
  settable('--key <file>', 'private key of the certificate, PEM; default: certs/tls.key'),
  ...nameOptions(`the namespace of the Pod, else ${NAMES.namespace}`),
  ...selfManagedOptions(),
  settable(
    '--static',
    `API servers read the registration from files (${PROGRAM} manifests webhook --static), so do not look for it in the API`,
  ),
  settable('--client-ca <file>', 'answer only clients with a certificate of these authorities; default: any client'),
  settable('--client-name <name...>', 'answer only clients with one of these common names').default([], 'any name'),
  settable('--metrics-listen <address>', 'HOST:PORT of health and metrics, plain HTTP').default(':8080'),
  configOption(),
  modeOption(),
  failurePolicyOption(),
  settable(
    '--existing-violations <treatment>',
    'what happens to updates that keep a violation; default: from the configuration, else warn',
  ).choices(['warn', 'deny']),
  meshRoutesOption(),
  settable(
    '--drain <seconds>',
    'how long to keep serving after SIGTERM, while the cluster removes this server from its endpoints',
  )
    .argParser(seconds)
    .default(DRAIN),
  settable('--log-level <level>', 'debug also logs permitted reviews')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info'),
]

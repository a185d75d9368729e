import { Command, InvalidArgumentError } from 'commander'
import { type ServeOptions, serve } from '../runtime/serve.ts'
import { EXIT } from '../system/failure.ts'
import { configOption, contextOption, kubeconfigOption, meshRoutesOption, modeOption, settable } from './options.ts'
import { tell } from './print.ts'

/**
 * How long to serve on after SIGTERM, in s: kube-proxies learn of it within a few seconds, and a pod is given 30 s.
 * Source: Kubernetes, "Pod Lifecycle", "Termination of Pods".
 */
const DRAIN = 10

/** Longest such time, in s: an hour is more than any cluster waits for a pod, and far less than a timer can hold. */
const LONGEST_DRAIN = 3_600

/** `refgrant serve`: the webhook. */
export function serveCommand(): Command {
  const command = new Command('serve').description(
    'answer the API server, with grants from the cluster or from a folder',
  )
  for (const option of options()) command.addOption(option)
  // The signals first, before anything that takes time, so that none is missed.
  return command.action((options: ServeOptions) => serve(options, stopSignal()))
}

/** In the order of the help. */
const options = () => [
  kubeconfigOption(),
  contextOption(),
  settable('--grants <folder>', 'take grants from the YAML files of a folder, without a cluster').conflicts([
    'kubeconfig',
    'context',
  ]),
  settable('--listen <address>', 'HOST:PORT of the webhook, HTTPS').default(':8443'),
  settable('--cert <file>', 'certificate chain, PEM').default('certs/tls.crt'),
  settable('--key <file>', 'private key of the certificate, PEM').default('certs/tls.key'),
  settable('--client-ca <file>', 'answer only clients whose certificate these authorities signed; default: anybody'),
  settable('--client-name <name...>', 'and whose certificate has one of these common names; default: any').default([]),
  settable('--metrics-listen <address>', 'HOST:PORT of health and metrics, plain HTTP').default(':8080'),
  configOption(),
  modeOption(),
  settable(
    '--existing-violations <treatment>',
    'updates that keep a violation; default: the configuration’s, warn',
  ).choices(['warn', 'deny']),
  meshRoutesOption(),
  settable('--drain <seconds>', 'how long to serve on after SIGTERM, unready, while the cluster takes this server off')
    .argParser(seconds)
    .default(DRAIN),
  settable('--log-level <level>', 'debug shows permitted reviews too')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info'),
]

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) {
        tell(`ended at once by a second signal (${signal}): reviews in flight are not answered`)
        process.exit(EXIT.failed)
      }
      controller.abort(signal)
    })
  }
  return controller.signal
}

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= LONGEST_DRAIN))
    throw new InvalidArgumentError(`a number of seconds from 0 to ${LONGEST_DRAIN}`)
  return value
}

import { readAuthorities } from '../certificates/files.ts'
import { NAMES } from '../manifests/names.ts'
import type { WebhookClient } from '../manifests/webhook.ts'
import { Failure } from '../system/failure.ts'

/** The flags about how the API server reaches and trusts the webhook. */
export interface ClientOptions {
  readonly url?: string
  /** A PEM file of authorities. */
  readonly ca?: string
  readonly certificates?: 'self-managed' | 'files'
  readonly secret: string
  readonly name: string
  /** By default, as in the shipped manifests. */
  readonly namespace?: string
  /** Whether the API server reads the registration from a file. */
  readonly static?: true
}

/**
 * Returns how the API server reaches the webhook, and whether it trusts these authorities or what the server writes.
 *
 * @throws Failure if the flags contradict each other, or the authorities cannot be read
 */
export function webhookClient(options: ClientOptions): WebhookClient {
  const { url, ca, certificates, secret, name, namespace = NAMES.namespace } = options
  const isStatic = options.static === true
  if (isStatic && (url === undefined || ca === undefined))
    throw new Failure(
      '--static needs --url and --ca: an entry in a file cannot name a Service, and no server can write its authority into the file, so self-managed certificates do not work',
    )
  const reached = { url, names: { name, namespace }, isStatic }
  if (ca === undefined) return { ...reached, secret: certificates === 'files' ? undefined : secret }
  if (certificates === 'self-managed')
    throw new Failure('--certificates self-managed does not use --ca: the server writes its own authority')
  return { ...reached, caBundle: readAuthorities(ca) }
}

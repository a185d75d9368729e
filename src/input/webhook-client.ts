import { readAuthorities } from '../certificates/files.ts'
import type { WebhookClient } from '../manifests/webhook.ts'
import { Failure } from '../system/failure.ts'

/** The flags about how the API server reaches and trusts the webhook. */
export interface ClientOptions {
  readonly url?: string
  /** A PEM file of authorities. */
  readonly ca?: string
  readonly certificates?: 'self-managed' | 'files'
  readonly secret: string
}

/**
 * Returns how the API server reaches the webhook, and whether it trusts these authorities or what the server writes.
 *
 * @throws Failure if the flags contradict each other, or the authorities cannot be read
 */
export async function webhookClient({ url, ca, certificates, secret }: ClientOptions): Promise<WebhookClient> {
  if (ca === undefined) return { url, secret: certificates === 'files' ? undefined : secret }
  if (certificates === 'self-managed')
    throw new Failure('--certificates self-managed does not use --ca: the server writes its own authority')
  return { url, caBundle: await readAuthorities(ca) }
}

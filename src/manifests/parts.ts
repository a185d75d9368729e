import { modeLabelPolicy } from './mode-label-policy.ts'
import { NAMES } from './names.ts'
import { rbac } from './rbac.ts'
import { type Registration, type WebhookClient, webhookConfiguration } from './webhook.ts'

/** The parts that can be printed alone. */
export const PARTS = ['rbac', 'webhook', 'mode-label-policy'] as const
export type Part = (typeof PARTS)[number]

/** Returns the objects of a part. */
export function objectsOf(part: Part, registration: Registration, client: WebhookClient): object[] {
  switch (part) {
    case 'rbac':
      return rbac(registration.coverage.grantKinds, client.secret, client.names)
    case 'webhook':
      return [webhookConfiguration(registration, client)]
    case 'mode-label-policy':
      return modeLabelPolicy(registration.modeLabel)
  }
}

/**
 * Returns a warning not to apply the registration before the server runs; undefined if that is harmless.
 */
export function remarkOn(
  parts: readonly Part[],
  { mode, modeLabel, failurePolicy }: Registration,
  { url, names: { name, namespace } = NAMES }: WebhookClient,
): string | undefined {
  if (!parts.includes('webhook') || failurePolicy !== 'Fail') return undefined
  const server = url ?? `Service ${name} in namespace ${namespace}`
  const where = mode === 'deny' ? '' : `, in namespaces with the label ${modeLabel}=deny,`
  return `apply this registration last: until a server answers at ${server}, the API server rejects each write${where} that names another namespace in a guarded field (failurePolicy: Fail)`
}

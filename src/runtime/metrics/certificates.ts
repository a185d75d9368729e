import type { Registry } from '@prometheus-io/client'
import type { Validity } from '../../certificates/files.ts'
import { counterBy, gaugeBy } from './instruments.ts'

/** How the server got on with another certificate: it is in use, or it cannot be used or had. */
export type Renewal = 'done' | 'failed'

/**
 * Tells from when to when certificates are valid, and counts renewals.
 *
 * @param validities asked each time that the metrics are read, by what the certificate is of
 * @returns counts one renewal
 */
export function certificateMetrics(
  registry: Registry,
  validities: () => Readonly<Partial<Record<'server' | 'authority', Validity>>>,
): (result: Renewal) => void {
  const registers: [Registry] = [registry]
  const seconds = (of: (validity: Validity) => Date) => () =>
    Object.fromEntries(Object.entries(validities()).map(([name, validity]) => [name, of(validity).getTime() / 1_000]))
  gaugeBy(
    {
      registers,
      name: 'refgrant_certificate_start_timestamp_seconds',
      help: 'When the validity of the certificate of the webhook, and of its own authority, began, in seconds since 1970.',
    },
    'certificate',
    seconds(({ from }) => from),
  )
  gaugeBy(
    {
      registers,
      name: 'refgrant_certificate_expiry_timestamp_seconds',
      help: 'When the certificate of the webhook, and of its own authority, expires, in seconds since 1970.',
    },
    'certificate',
    seconds(({ to }) => to),
  )
  return counterBy(
    {
      registers,
      name: 'refgrant_certificate_renewals_total',
      help: 'Further certificates of the webhook: in use (done), or not to be used or had, where the last one stays in use (failed).',
    },
    'result',
    ['done', 'failed'],
  )
}

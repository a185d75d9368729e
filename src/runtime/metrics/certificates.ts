import type { Registry } from '@prometheus-io/client'
import type { Validity } from '../../certificates/files.ts'
import { counterBy, gaugeBy } from './instruments.ts'

/** The result of a new certificate: it is in use, or it cannot be used or obtained. */
export type Renewal = 'done' | 'failed'

/**
 * Exposes the validity of certificates, and returns a function that counts one renewal.
 *
 * @param validities returns the validity of each certificate, by its owner
 */
export function certificateMetrics(
  registry: Registry,
  validities: () => Readonly<Partial<Record<'server' | 'authority', Validity>>>,
): (result: Renewal) => void {
  const seconds = (of: (validity: Validity) => Date) => () =>
    Object.fromEntries(Object.entries(validities()).map(([name, validity]) => [name, of(validity).getTime() / 1_000]))
  gaugeBy(
    registry,
    'refgrant_certificate_start_timestamp_seconds',
    seconds(({ from }) => from),
  )
  gaugeBy(
    registry,
    'refgrant_certificate_expiry_timestamp_seconds',
    seconds(({ to }) => to),
  )
  return counterBy(registry, 'refgrant_certificate_renewals_total', ['done', 'failed'])
}

import type { Registry } from '@prometheus-io/client'
import { STEPS, type Step } from '../../certificates/rotation.ts'
import type { Validity } from '../../certificates/validity.ts'
import { counterBy, gauge, gaugeBy } from './instruments.ts'

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

/**
 * Exposes whether a new authority waits to replace the current one, and by how much the clock is ahead. Returns a
 * function that counts one step in the life of the authorities.
 *
 * @param ahead in ms; undefined if it is not known
 */
export function authorityMetrics(
  registry: Registry,
  isRotating: () => boolean,
  ahead: () => number | undefined,
): (step: Step) => void {
  gauge(registry, 'refgrant_authority_rotation', () => Number(isRotating()))
  gauge(registry, 'refgrant_clock_ahead_seconds', () => (ahead() ?? Number.NaN) / 1_000)
  return counterBy(registry, 'refgrant_authority_steps_total', STEPS)
}

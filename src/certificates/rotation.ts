import type { Authorities } from './authorities.ts'
import type { Authority } from './issue.ts'
import { validityOf } from './validity.ts'

/**
 * The steps of a replica in the life of the authorities:
 *
 * - `begin`: there is no usable authority, so make one
 * - `recover`: the Secret has lost the authorities, so store the one that signs again, and its successor
 * - `trust`: write the authorities into the entries of the registration
 * - `prepare`: make the successor of an authority that is due
 * - `promote`: the API server trusts the successor, so let it sign
 * - `retire`: drop the previous authority, which is not valid any more
 */
export const STEPS = ['begin', 'recover', 'trust', 'prepare', 'promote', 'retire'] as const
export type Step = (typeof STEPS)[number]

/** What a replica knows. */
export interface Situation {
  /** The authorities in the Secret. */
  readonly stored: Authorities | undefined
  /** The authorities that were in the Secret at the last look. */
  readonly remembered: Authorities | undefined
  /**
   * How long all existing entries have had the authorities in the Secret, or else the remembered ones, in ms; undefined if
   * one does not.
   */
  readonly trustedFor: number | undefined
}

/** Lifetimes and waits, in ms. */
export interface Schedule {
  readonly authorityLifetime: number
  readonly certificateLifetime: number
  /** How long every API server may take to notice a change of the registration. */
  readonly propagation: number
}

/**
 * Returns the next step; undefined if there is nothing to do. Each step leaves a state from which any replica can
 * continue, so a replica may end anywhere.
 *
 * @param now the time of the API server, in ms since the epoch
 */
export function nextStep(
  { stored, remembered, trustedFor }: Situation,
  schedule: Schedule,
  now: number,
): Step | undefined {
  if (!stored) {
    if (!remembered || !isValid(remembered.current.cert, now)) return 'begin'
    // First, because reviews depend on it, and the Secret may be one that cannot be written.
    return trustedFor === undefined ? 'trust' : 'recover'
  }
  const { current, next, previous } = stored
  const hasNext = next !== undefined && isValid(next.cert, now)
  // Nothing trusts an authority that is not valid, so there is nothing to wait for.
  if (!isValid(current.cert, now)) return hasNext ? 'promote' : 'begin'
  if (trustedFor === undefined) return 'trust'
  if (previous !== undefined && !isValid(previous, now)) return 'retire'
  if (hasNext) return trustedFor >= schedule.propagation ? 'promote' : undefined
  return isDue(current.cert, schedule.authorityLifetime, now) ? 'prepare' : undefined
}

/**
 * Returns the authorities after a step; undefined if the step does not change them.
 *
 * @param issue makes an authority
 */
export function after(
  step: Step | undefined,
  { stored, remembered }: Situation,
  issue: () => Authority,
): Authorities | undefined {
  if (step === 'begin') return { current: issue() }
  if (step === 'recover' && remembered) return { ...remembered, next: remembered.next ?? issue() }
  if (!stored) return undefined
  const { current, next, previous } = stored
  if (step === 'prepare') return { current, next: issue(), previous }
  if (step === 'promote' && next) return { current: next, previous: current.cert }
  if (step === 'retire') return { current, next }
  return undefined
}

/**
 * Whether a certificate has to be renewed: a third of its lifetime, in ms, is left, or the clock was wrong when it was
 * made.
 */
export function isDue(cert: string, lifetime: number, now: number): boolean {
  const { from, to } = validityOf(cert)
  return to.getTime() - lifetime / 3 <= now || from.getTime() > now
}

function isValid(cert: string, now: number): boolean {
  const { from, to } = validityOf(cert)
  return from.getTime() <= now && now < to.getTime()
}

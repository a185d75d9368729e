import { InvalidArgumentError } from 'commander'
import { isHost } from '../certificates/host.ts'
import { SECRET } from '../manifests/names.ts'
import { nameOf, settable } from './options.ts'

const SECOND = 1_000
const DAY = 24 * 60 * 60 * SECOND

/** The length of each unit, in ms. */
const UNITS: Record<string, number> = { s: SECOND, m: 60 * SECOND, h: 60 * 60 * SECOND, d: DAY }

/** The longest duration, in days: longer than any certificate should live, and a date that a certificate can hold. */
const LONGEST = 36_500

/** Where the certificate of the server comes from. */
const SOURCES = ['self-managed', 'files']

/** @param byDefault how the help describes the default */
export const certificatesOption = (byDefault: string) =>
  settable('--certificates <source>', `where the certificate of the server comes from; default: ${byDefault}`).choices(
    SOURCES,
  )

/** The name of the Secret of self-managed certificates. */
export const secretOption = () =>
  settable('--secret <name>', 'Secret of the certificate authority, for self-managed certificates')
    .default(SECRET)
    .argParser(nameOf)

/** The options of self-managed certificates, in the order of the help. */
export const selfManagedOptions = () => [
  settable('--host <host...>', 'more DNS names and IP addresses of a self-managed certificate, for a URL')
    .default([], 'none')
    .argParser(hostsOf),
  secretOption(),
  // As with cert-manager: short enough not to need revocation, and long enough to survive a weekend without the API server.
  settable('--certificate-lifetime <duration>', 'lifetime of a self-managed certificate, such as 7d, 12h or 30s')
    .default(7 * DAY, '7d')
    .argParser(durationOf),
  settable('--authority-lifetime <duration>', 'lifetime of the certificate authority')
    .default(365 * DAY, '365d')
    .argParser(durationOf),
  // API servers notice a change by a watch, most often within a second.
  settable('--propagation <duration>', 'how long an API server may take to notice a change of the registration')
    .default(60 * SECOND, '60s')
    .argParser(durationOf),
]

/** These options, by the names of their values. */
export const SELF_MANAGED = ['host', 'secret', 'certificateLifetime', 'authorityLifetime', 'propagation'] as const

/** Parses a duration, such as `7d`, into ms. */
function durationOf(text: string): number {
  const [, number, unit = ''] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? []
  const duration = Number(number) * (UNITS[unit] ?? Number.NaN)
  if (!(duration <= LONGEST * DAY))
    throw new InvalidArgumentError(`a whole number with a unit, s, m, h or d, up to ${LONGEST}d`)
  return duration
}

function hostsOf(text: string, before: readonly string[] = []): string[] {
  const hosts = text.split(',')
  if (!hosts.every(isHost))
    throw new InvalidArgumentError('DNS names or IP addresses, without a scheme and a port, separated by commas')
  return [...before, ...hosts]
}

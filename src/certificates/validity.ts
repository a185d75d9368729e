import { X509Certificate } from 'node:crypto'

/** How long ago the validity of a new certificate begins, in ms: the clocks of two machines differ. */
const BACKDATED = 60 * 60 * 1_000

/** From when to when a certificate is valid. */
export interface Validity {
  readonly from: Date
  readonly to: Date
}

/** Returns the validity of a certificate, in PEM. */
export function validityOf(cert: string): Validity {
  const { validFromDate: from, validToDate: to } = new X509Certificate(cert)
  return { from, to }
}

/**
 * Returns the validity of a new certificate.
 *
 * @param lifetime in ms
 * @param now the time, in ms since the epoch
 */
export function validFor(lifetime: number, now = Date.now()): Validity {
  return { from: new Date(now - BACKDATED), to: new Date(now + lifetime) }
}

/** Says for a person when a certificate expires. */
export function expiryOf(cert: string): string {
  return `expires ${validityOf(cert).to.toISOString()}`
}

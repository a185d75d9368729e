import { validFor } from '../../src/certificates/validity.ts'

/** The validity of a certificate for tests. */
export const A_DAY = validFor(24 * 60 * 60 * 1_000)

/** The validity of a certificate that expired some minutes ago. */
export const EXPIRED = validFor(-15 * 60 * 1_000)

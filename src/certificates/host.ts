import { isIP } from 'node:net'

/** The longest DNS name, in characters, without the trailing dot. Source: RFC 1035, section 2.3.4. */
const LONGEST = 253

/** A label of a host name. Source: RFC 1123, section 2.1. */
const LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'

/**
 * A DNS name, whose first label may be a wildcard. The last label is not a number: that would be a mistyped address.
 */
const NAME = new RegExp(`^(\\*\\.)?(${LABEL}\\.)*(?![0-9]+$)${LABEL}$`, 'i')

/**
 * Whether a certificate can be issued for a text: it is an IP address or a DNS name, without port, scheme and brackets.
 */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || (text.length <= LONGEST && NAME.test(text))
}

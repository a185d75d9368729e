import { isIP } from 'node:net'

/** The longest DNS name, in characters. Source: RFC 1035, section 2.3.4, without the last dot. */
const LONGEST = 253

/** A label of a host name. Source: RFC 1123, section 2.1. */
const LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'

/** A name, whose first label may be a wildcard. The last one is not a number, so that no mistyped address is a name. */
const NAME = new RegExp(`^(\\*\\.)?(${LABEL}\\.)*(?![0-9]+$)${LABEL}$`, 'i')

/** Whether a text is an IP address or a DNS name, which a certificate can be issued for: no port, no scheme, no brackets. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || (text.length <= LONGEST && NAME.test(text))
}

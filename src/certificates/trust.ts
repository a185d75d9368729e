import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { quote } from '../wording/quote.ts'
import { pemBlocks } from './pem.ts'

/**
 * Extended key usages that let a certificate authenticate a server: serverAuth and any (RFC 5280, section 4.2.1.12).
 */
const SERVER_USAGES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']

/** Signature algorithms that Go rejects. Source: crypto/x509, Certificate.CheckSignatureFrom. */
const REFUSED_SIGNATURE = /md[245]|sha-?1($|with)/i

/** How many certificates of a bundle a message lists; it counts the rest. */
const LISTED = 4

let publicAuthorities: X509Certificate[] | undefined

/**
 * Returns the certificates of a caBundle. Like the API server, it skips certificates that it cannot read and other PEM
 * blocks. Source: crypto/x509, CertPool.AppendCertsFromPEM.
 *
 * @param caBundle PEM
 */
export function authoritiesIn(caBundle: string): X509Certificate[] {
  return pemBlocks(caBundle)
    .filter((pem) => pem.startsWith('-----BEGIN CERTIFICATE-----'))
    .flatMap((pem) => certificate(pem) ?? [])
}

/**
 * Returns why an API server with this caBundle does not trust the served certificate; undefined if it does. It does not
 * check name constraints, path lengths and the key usages of authorities.
 *
 * @param chain PEM of the served chain: the certificate, then its intermediates
 * @param caBundle PEM; empty for the API server's own authorities, for which the public ones are used here
 */
export function trustProblem(chain: string, caBundle: string, now = new Date()): string | undefined {
  const [leaf, ...intermediates] = pemBlocks(chain).flatMap((pem) => certificate(pem) ?? [])
  if (!leaf) return 'cannot be compared: the served chain holds no certificate'
  if (!isCurrent(leaf, now))
    return `cannot verify the server: the served certificate is valid from ${leaf.validFrom} to ${leaf.validTo}`
  if (leaf.keyUsage && !leaf.keyUsage.some((usage) => SERVER_USAGES.includes(usage)))
    return 'cannot verify the server: the served certificate is not for server authentication'
  if (caBundle === '') {
    publicAuthorities ??= rootCertificates.map((pem) => new X509Certificate(pem))
    if (leadsTo(leaf, intermediates, publicAuthorities, now)) return undefined
    return 'is empty, and the served certificate does not lead to a public authority'
  }
  const authorities = authoritiesIn(caBundle)
  if (authorities.length === 0) return 'holds no certificate that can be read'
  if (leadsTo(leaf, intermediates, authorities, now)) return undefined
  if (leadsTo(leaf, intermediates, authorities, undefined))
    return `verifies the served certificate only by an authority that is not valid now: ${listed(authorities)}`
  return `does not verify the served certificate: it holds ${listed(authorities)}, and the issuer is ${nameOf(leaf.issuer)}`
}

/** Returns why the served certificate is not valid for a host, an IP address or a DNS name; undefined if it is. */
export function hostProblem(chain: string, host: string): string | undefined {
  const leaf = certificate(chain)
  if (!leaf) return undefined
  const bare = host.replace(/^\[|\]$/g, '')
  // As in Go, the common name does not count, and a wildcard must be the whole first label.
  const options = { subject: 'never', partialWildcards: false } as const
  const valid = isIP(bare) ? leaf.checkIP(bare) : leaf.checkHost(bare.replace(/\.$/, ''), options)
  if (valid !== undefined) return undefined
  const names = leaf.subjectAltName === undefined ? 'for no name' : `only for ${quote(leaf.subjectAltName)}`
  return `names host ${quote(bare)}, but the served certificate is valid ${names}`
}

/**
 * Lists the first certificates for a message, each by subject, fingerprint prefix and expiry, and counts the others.
 */
export function listed(certificates: readonly X509Certificate[]): string {
  const distinct = new Map(certificates.map((one) => [one.fingerprint256, one]))
  const shown = [...distinct.values()].slice(0, LISTED).map(described)
  const more = distinct.size - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function described({ subject, fingerprint256, validTo }: X509Certificate): string {
  return `${nameOf(subject)} (SHA-256 ${fingerprint256.slice(0, 11)}…, valid to ${validTo})`
}

/** Returns a name on one line: Node writes a line for each attribute. */
function nameOf(name: string | undefined): string {
  return quote((name ?? '').replaceAll('\n', ', '))
}

/** Whether a chain leads from a certificate to a trusted one. It visits each certificate once. */
function leadsTo(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  now: Date | undefined,
): boolean {
  const isUsable = (authority: X509Certificate) => isAuthority(authority) && (!now || isCurrent(authority, now))
  const anchors = new Set(trusted.map(({ fingerprint256 }) => fingerprint256))
  const reached = new Set([leaf])
  for (const one of reached) {
    if (anchors.has(one.fingerprint256) || trusted.some((anchor) => isUsable(anchor) && hasSigned(anchor, one)))
      return true
    for (const next of intermediates) if (isUsable(next) && hasSigned(next, one)) reached.add(next)
  }
  return false
}

function hasSigned(authority: X509Certificate, one: X509Certificate): boolean {
  if (authority.subject !== one.issuer || REFUSED_SIGNATURE.test(one.signatureAlgorithm ?? '')) return false
  try {
    return one.verify(authority.publicKey)
  } catch {
    // The key type does not match the signature algorithm.
    return false
  }
}

/** Whether a certificate is an authority. A certificate of version 1 cannot say so, and Go accepts it as one. */
function isAuthority(one: X509Certificate): boolean {
  return one.ca || isVersion1(one)
}

/** Whether a certificate is of version 1: its body does not have the version field (RFC 5280, section 4.1). */
function isVersion1({ raw }: X509Certificate): boolean {
  return raw[contentOf(raw, contentOf(raw, 0))] !== 0xa0
}

/** Returns the position of the content of the DER value at `start`. */
function contentOf(raw: Uint8Array, start: number): number {
  const length = raw[start + 1] ?? 0
  return start + 2 + (length < 0x80 ? 0 : length & 0x7f)
}

function isCurrent({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate
}

function certificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

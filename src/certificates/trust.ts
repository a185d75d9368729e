import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { quote } from '../wording/quote.ts'
import { pemBlocks } from './pem.ts'

/** Extended key usages that let a certificate authenticate a server: serverAuth and any (RFC 5280, section 4.2.1.12). */
const SERVER_USAGES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']

/** Signatures that Go does not accept any more. Source: crypto/x509, Certificate.CheckSignatureFrom. */
const REFUSED_SIGNATURE = /md[245]|sha-?1($|with)/i

/** Certificates of a bundle that are named in words; the rest are counted. */
const LISTED = 4

let publicAuthorities: X509Certificate[] | undefined

/**
 * The certificates of a caBundle, as the API server reads them: it passes over what it cannot read, and over other PEM
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
 * Why an API server that has this caBundle does not trust the certificate that is served; undefined if it does. Name
 * constraints, path lengths and the key usages of authorities are not looked at.
 *
 * @param chain PEM of what is served: the certificate, then those that lead to an authority
 * @param caBundle PEM; empty for the API server's own authorities, of which only the public ones are known here
 */
export function trustProblem(chain: string, caBundle: string, now = new Date()): string | undefined {
  const [leaf, ...intermediates] = pemBlocks(chain).flatMap((pem) => certificate(pem) ?? [])
  if (!leaf) return 'cannot be compared: what is served holds no certificate'
  if (!isCurrent(leaf, now)) return `does not help: what is served is valid from ${leaf.validFrom} to ${leaf.validTo}`
  if (leaf.keyUsage && !leaf.keyUsage.some((usage) => SERVER_USAGES.includes(usage)))
    return 'does not help: what is served is no certificate for server authentication'
  if (caBundle === '') {
    publicAuthorities ??= rootCertificates.map((pem) => new X509Certificate(pem))
    if (leadsTo(leaf, intermediates, publicAuthorities, now)) return undefined
    return 'is empty, and the certificate that is served leads to no public authority'
  }
  const authorities = authoritiesIn(caBundle)
  if (authorities.length === 0) return 'holds no certificate that can be read'
  if (leadsTo(leaf, intermediates, authorities, now)) return undefined
  if (leadsTo(leaf, intermediates, authorities, undefined))
    return `verifies the certificate that is served only by an authority that is not valid now: ${listed(authorities)}`
  return `does not verify the certificate that is served: it holds ${listed(authorities)}, and the issuer is ${nameOf(leaf.issuer)}`
}

/** Why the certificate that is served is not valid for a host, an IP address or a DNS name; undefined if it is. */
export function hostProblem(chain: string, host: string): string | undefined {
  const leaf = certificate(chain)
  if (!leaf) return undefined
  const bare = host.replace(/^\[|\]$/g, '')
  // As Go: no common name in place of a subject alternative name, no wildcard but a whole first label.
  const options = { subject: 'never', partialWildcards: false } as const
  const valid = isIP(bare) ? leaf.checkIP(bare) : leaf.checkHost(bare.replace(/\.$/, ''), options)
  if (valid !== undefined) return undefined
  const names = leaf.subjectAltName === undefined ? 'no name' : quote(leaf.subjectAltName)
  return `is reached as ${quote(bare)}, and the certificate that is served is valid for ${names}`
}

/** Certificates as a person finds them again: subject, beginning of the SHA-256 fingerprint, end; the first few of many. */
export function listed(certificates: readonly X509Certificate[]): string {
  const distinct = new Map(certificates.map((one) => [one.fingerprint256, one]))
  const shown = [...distinct.values()].slice(0, LISTED).map(described)
  const more = distinct.size - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

function described({ subject, fingerprint256, validTo }: X509Certificate): string {
  return `${nameOf(subject)} (SHA-256 ${fingerprint256.slice(0, 11)}…, valid to ${validTo})`
}

/** Node writes a name on several lines. */
function nameOf(name: string | undefined): string {
  return quote((name ?? '').replaceAll('\n', ', '))
}

/** Whether a path leads from a certificate to one that is trusted; each certificate is looked at once. */
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
    // The key is of another kind than the signature.
    return false
  }
}

/** A certificate of version 1 cannot say whether it is an authority, and Go takes it for one. */
function isAuthority(one: X509Certificate): boolean {
  return one.ca || isVersion1(one)
}

/** Whether the body of the certificate begins without the field that names another version (RFC 5280, section 4.1). */
function isVersion1({ raw }: X509Certificate): boolean {
  return raw[contentOf(raw, contentOf(raw, 0))] !== 0xa0
}

/** Where the content of the DER value at `start` begins. */
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

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type Authority, nameOfAuthority, pem } from './issue.ts'

/** The authorities that all replicas share. */
export interface Authorities {
  /** The authority that signs the certificates of the servers. */
  readonly current: Authority
  /** The authority that will sign them, once the API server trusts it. */
  readonly next?: Authority | undefined
  /** The certificate of the authority that signed them before, PEM; its key is gone. */
  readonly previous?: string | undefined
}

/** The data of a Secret: each value in base64. */
export type SecretData = Readonly<Record<string, string>>

/** The keys of the Secret. */
export const SECRET_KEYS = ['ca.crt', 'ca.key', 'next.crt', 'next.key', 'previous.crt']

/** Returns the data of the Secret that holds the authorities. */
export function secretDataOf({ current, next, previous }: Authorities): SecretData {
  const texts = {
    'ca.crt': current.cert,
    'ca.key': current.key,
    ...(next && { 'next.crt': next.cert, 'next.key': next.key }),
    ...(previous !== undefined && { 'previous.crt': previous }),
  }
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
}

/**
 * Reads the unvalidated data of a Secret. What is not an authority of this kind is left out, and so is text around it:
 * the next write would store it again, and might not fit.
 *
 * @returns undefined without a current authority
 */
export function authoritiesFrom(data: unknown): Authorities | undefined {
  const text = (key: string) => {
    const value: unknown = (Object(data) as Record<string, unknown>)[key]
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : ''
  }
  const current = authorityFrom(text('ca.crt'), text('ca.key'))
  if (!current) return undefined
  const previous = certificateFrom(text('previous.crt'))?.certificate.toString()
  return { current, next: authorityFrom(text('next.crt'), text('next.key')), previous }
}

/** Returns what the API server has to trust, PEM: the same text for the same authorities, whichever signs. */
export function trustBundle({ current, next, previous }: Authorities): string {
  return [...new Set([current.cert, next?.cert, previous])].sort().join('')
}

function authorityFrom(cert: string, key: string): Authority | undefined {
  const { name, certificate } = certificateFrom(cert) ?? {}
  try {
    const privateKey = createPrivateKey(key)
    if (name === undefined || privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined
    return certificate?.checkPrivateKey(privateKey)
      ? { name, cert: certificate.toString(), key: pem(privateKey), privateKey }
      : undefined
  } catch {
    return undefined
  }
}

/** The certificate of an authority as `issueAuthority` makes it. */
function certificateFrom(text: string): { name: string; certificate: X509Certificate } | undefined {
  try {
    const certificate = new X509Certificate(text)
    const name = nameOfAuthority(certificate)
    return name === undefined ? undefined : { name, certificate }
  } catch {
    return undefined
  }
}

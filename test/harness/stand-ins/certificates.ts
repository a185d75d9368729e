import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import forge from 'node-forge'

const { asn1 } = forge
// The type declarations of node-forge leave this function out.
const pki = forge.pki as typeof forge.pki & { getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1 }

/** Short keys, since many are made and none protects anything. */
const BITS = 1_024

const DAY = 24 * 60 * 60 * 1_000
const ALGORITHMS = { sha256: '1.2.840.113549.1.1.11', sha1: '1.2.840.113549.1.1.5' } as const

export interface Issued {
  readonly name: string
  readonly cert: string
  readonly key: string
}

export interface Wish {
  readonly name: string
  /** Who signs it; itself by default. */
  readonly by?: Issued
  /** Whether it may sign others. */
  readonly ca?: boolean
  /** Days from now of its first and last moment. */
  readonly from?: number
  readonly to?: number
  /** DNS names, and IP addresses. */
  readonly hosts?: readonly string[]
  readonly ips?: readonly string[]
  readonly clientOnly?: boolean
  readonly digest?: keyof typeof ALGORITHMS
  /** Without a version, and so without extensions. */
  readonly version1?: boolean
}

/** A certificate that the product itself would not issue. */
export function issue(wish: Wish): Issued {
  const { name, by, ca = false, from = -1, to = 1, hosts = [], ips = [], digest = 'sha256' } = wish
  const pair = generateKeyPairSync('rsa', { modulusLength: BITS })
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const draft = pki.createCertificate()
  draft.publicKey = pki.publicKeyFromPem(pair.publicKey.export({ type: 'spki', format: 'pem' }) as string)
  draft.serialNumber = '01'
  draft.validity.notBefore = new Date(Date.now() + from * DAY)
  draft.validity.notAfter = new Date(Date.now() + to * DAY)
  draft.setSubject([{ name: 'commonName', value: name }])
  draft.setIssuer([{ name: 'commonName', value: by?.name ?? name }])
  const altNames = [...hosts.map((value) => ({ type: 2, value })), ...ips.map((ip) => ({ type: 7, ip }))]
  draft.setExtensions([
    { name: 'basicConstraints', cA: ca, critical: true },
    ...(wish.clientOnly ? [{ name: 'extKeyUsage', clientAuth: true }] : []),
    ...(altNames.length > 0 ? [{ name: 'subjectAltName', altNames }] : []),
  ])
  draft.siginfo.algorithmOid = ALGORITHMS[digest]
  const body = pki.getTBSCertificate(draft)
  const parts = body.value as forge.asn1.Asn1[]
  if (wish.version1) body.value = parts.slice(1, 7)
  const signer = createPrivateKey(by?.key ?? key)
  const signature = sign(digest, Buffer.from(asn1.toDer(body).getBytes(), 'binary'), signer).toString('binary')
  const bits = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, `\0${signature}`)
  const whole = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [body, parts[2] as forge.asn1.Asn1, bits])
  return { name, key, cert: forge.pem.encode({ type: 'CERTIFICATE', body: asn1.toDer(whole).getBytes() }) }
}

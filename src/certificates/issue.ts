import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import forge from 'node-forge'
import type { Validity } from './validity.ts'

const { asn1 } = forge
// The type declarations of node-forge leave this function out.
const pki = forge.pki as typeof forge.pki & { getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1 }
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
const EC_PUBLIC_KEY = '1.2.840.10045.2.1'
const P_256 = '1.2.840.10045.3.1.7'

/** A certificate and its private key, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A certificate authority, which signs other certificates. */
export interface Authority extends Certificate {
  /** Its common name. */
  readonly name: string
  readonly privateKey: KeyObject
}

/**
 * Issues a certificate authority with a new P-256 key.
 *
 * @param name its common name; an authority and its successor need different names
 */
export function issueAuthority(name: string, validity: Validity): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cert = certificate(authorityContent(name, validity, publicKey), privateKey)
  return { name, cert, key: pem(privateKey), privateKey }
}

function authorityContent(name: string, validity: Validity, publicKey: KeyObject): Content {
  const extensions = [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ]
  return { subject: name, issuer: name, validity, publicKey, extensions }
}

/**
 * Returns the common name of an authority as `issueAuthority` makes it; undefined for any other certificate. An API
 * server may refuse what another authority signs: Go compares the bytes of names, and heeds all extensions. So the body
 * is encoded anew, and its bytes are compared. Forge encodes only, and parses nothing that others wrote.
 *
 * @throws Error if a part cannot be encoded
 */
export function nameOfAuthority(certificate: X509Certificate): string | undefined {
  const { raw, subject, serialNumber, publicKey, validFromDate: from, validToDate: to } = certificate
  const name = /^CN=([ -~]{1,64})$/.exec(subject)?.[1]
  if (name === undefined || publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined
  const expected = der(bodyOf(authorityContent(name, { from, to }, publicKey), serialNumber))
  const begin = contentOf(raw)
  const isSame = raw.subarray(begin, begin + expected.length).equals(expected)
  return isSame && certificate.verify(publicKey) ? name : undefined
}

/** Returns where the content of a DER value begins, behind its tag and its length. Source: X.690, 8.1.3. */
function contentOf(raw: Buffer): number {
  const length = raw[1] ?? 0
  return length < 0x80 ? 2 : 2 + (length & 0x7f)
}

/**
 * Issues a server certificate with a new P-256 key.
 *
 * @param hosts the DNS names and IP addresses that clients verify, at least one; the first is the common name
 */
export function issueServer(
  authority: Authority,
  hosts: readonly [string, ...string[]],
  validity: Validity,
): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const altNames = hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host }))
  const extensions = [
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames },
  ]
  const names = { subject: hosts[0], issuer: authority.name }
  const cert = certificate({ ...names, validity, publicKey, extensions }, authority.privateKey)
  return { cert, key: pem(privateKey) }
}

/** Issues a client certificate with a new P-256 key and this common name. */
export function issueClient(authority: Authority, name: string, validity: Validity): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const extensions = [
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', clientAuth: true },
  ]
  const names = { subject: name, issuer: authority.name }
  const cert = certificate({ ...names, validity, publicKey, extensions }, authority.privateKey)
  return { cert, key: pem(privateKey) }
}

interface Content {
  readonly subject: string
  readonly issuer: string
  readonly validity: Validity
  readonly publicKey: KeyObject
  readonly extensions: object[]
}

/**
 * Issues a certificate, in PEM. Forge supports only RSA keys, which are slow to generate and to sign with. Node's
 * crypto supports elliptic curves but does not issue certificates. So forge writes the certificate, and Node signs it.
 */
function certificate(content: Content, signer: KeyObject): string {
  // The first four bits make the number positive and its first byte not zero: OpenSSL refuses leading zero bytes, and
  // forge removes only one. The rest is random, as RFC 5280 and the CA/Browser Forum require.
  const body = bodyOf(content, `4${randomBytes(16).toString('hex').slice(1)}`)
  const signature = sign('sha256', der(body), signer)
  return new X509Certificate(der(sequence(body, algorithm(), bits(signature)))).toString()
}

/**
 * Returns the body of a certificate (RFC 5280, section 4.1). Forge writes it for an RSA key, and this function replaces
 * the key and the algorithm in it.
 *
 * @param serialNumber in hexadecimal digits
 */
function bodyOf({ subject, issuer, validity, publicKey, extensions }: Content, serialNumber: string): forge.asn1.Asn1 {
  const draft = pki.createCertificate()
  draft.publicKey = pki.setRsaPublicKey(forge.jsbn.BigInteger.ONE, forge.jsbn.BigInteger.ONE)
  draft.serialNumber = serialNumber
  draft.validity.notBefore = validity.from
  draft.validity.notAfter = validity.to
  draft.setSubject([{ name: 'commonName', value: subject }])
  draft.setIssuer([{ name: 'commonName', value: issuer }])
  draft.setExtensions(extensions)
  draft.siginfo.algorithmOid = ECDSA_WITH_SHA256
  const body = pki.getTBSCertificate(draft)
  const parts = body.value as forge.asn1.Asn1[]
  parts[2] = algorithm()
  parts[6] = keyInfo(publicKey)
  return body
}

/** Returns a P-256 key as a certificate has it: the curve and the uncompressed point. Source: RFC 5480, section 2. */
function keyInfo(publicKey: KeyObject): forge.asn1.Asn1 {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  return sequence(sequence(oid(EC_PUBLIC_KEY), oid(P_256)), bits(point))
}

const algorithm = () => sequence(oid(ECDSA_WITH_SHA256))

function sequence(...parts: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, parts)
}

function oid(id: string): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(id).getBytes())
}

/** Returns a bit string, which begins with the number of unused bits. */
function bits(bytes: Buffer): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, `\0${bytes.toString('binary')}`)
}

function der(value: forge.asn1.Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'binary')
}

/** Returns a private key in PEM. */
export function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

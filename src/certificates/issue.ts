import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import forge from 'node-forge'
import { type Validity, validFor } from './validity.ts'

const { asn1 } = forge
// The type declarations of node-forge leave this function out.
const pki = forge.pki as typeof forge.pki & { getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1 }
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'

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
  const extensions = [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ]
  const cert = certificate({ subject: name, issuer: name, validity, publicKey, extensions }, privateKey)
  return { name, cert, key: pem(privateKey), privateKey }
}

/**
 * Returns the common name of an authority as `issueAuthority` makes it; undefined for any other certificate. An API
 * server may refuse what another authority signs: Go compares the bytes of names, and heeds all extensions.
 */
export function nameOfAuthority(certificate: X509Certificate): string | undefined {
  const name = /^CN=([ -~]{1,64})$/.exec(certificate.subject)?.[1]
  if (name === undefined) return undefined
  const example = new X509Certificate(issueAuthority(name, validFor(0)).cert)
  return formOf(certificate) === formOf(example) && certificate.verify(certificate.publicKey) ? name : undefined
}

/** Returns the DER of the issuer, the subject and the extensions of a certificate. */
function formOf({ raw }: X509Certificate): string {
  const [body] = asn1.fromDer(raw.toString('binary')).value as forge.asn1.Asn1[]
  const parts = body?.value as forge.asn1.Asn1[]
  return [3, 5, 7]
    .map((index) => parts[index])
    .map((part) => part && asn1.toDer(part).toHex())
    .join()
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
 * crypto supports elliptic curves but does not issue certificates. So forge writes the body of the certificate (RFC
 * 5280, section 4.1), this function replaces the key and the algorithms in it, and Node signs it.
 */
function certificate({ subject, issuer, validity, publicKey, extensions }: Content, signer: KeyObject): string {
  const draft = pki.createCertificate()
  draft.publicKey = pki.setRsaPublicKey(forge.jsbn.BigInteger.ONE, forge.jsbn.BigInteger.ONE)
  // The first four bits make the number positive and its first byte not zero: OpenSSL refuses leading zero bytes, and
  // forge removes only one. The rest is random, as RFC 5280 and the CA/Browser Forum require.
  draft.serialNumber = `4${randomBytes(16).toString('hex').slice(1)}`
  draft.validity.notBefore = validity.from
  draft.validity.notAfter = validity.to
  draft.setSubject([{ name: 'commonName', value: subject }])
  draft.setIssuer([{ name: 'commonName', value: issuer }])
  draft.setExtensions(extensions)

  draft.siginfo.algorithmOid = ECDSA_WITH_SHA256
  const body = pki.getTBSCertificate(draft)
  const parts = body.value as forge.asn1.Asn1[]
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('binary')
  parts[2] = algorithm()
  parts[6] = asn1.fromDer(spki)
  const signature = sign('sha256', Buffer.from(asn1.toDer(body).getBytes(), 'binary'), signer).toString('binary')
  // A bit string begins with the number of unused bits.
  const signatureBits = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, `\0${signature}`)
  const whole = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [body, algorithm(), signatureBits])
  return new X509Certificate(Buffer.from(asn1.toDer(whole).getBytes(), 'binary')).toString()
}

function algorithm(): forge.asn1.Asn1 {
  const oid = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(ECDSA_WITH_SHA256).getBytes())
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [oid])
}

/** Returns a private key in PEM. */
export function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

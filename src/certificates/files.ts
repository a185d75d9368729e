import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { Failure } from '../system/failure.ts'
import { readOnce } from '../system/read-once.ts'
import { reasonOf } from '../system/reason.ts'
import { quote } from '../wording/quote.ts'
import type { Certificate } from './issue.ts'
import { pemBlocks } from './pem.ts'
import { authoritiesIn } from './trust.ts'

/** Flags of a read that does not wait for the writer of a named pipe: it would wait forever, even at the end of the process. */
const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK

/** The largest file that is read, in bytes: hundreds of certificates are smaller. */
const LARGEST = 1024 * 1024

/** What an encrypted key has in PEM. Sources: RFC 7468, section 11; RFC 1421, section 4.6.1.1. */
const ENCRYPTED = /^(-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)/m

/**
 * Reads the certificate and the private key of the server.
 *
 * @throws Error that names the file and the problem: not readable, not PEM, encrypted, expired, or not a pair
 */
export async function readKeyPair(certFile: string, keyFile: string): Promise<Certificate> {
  const cert = await textOf(certFile, 'the certificate')
  const key = await textOf(keyFile, 'the private key')
  const certificate = parsed(certFile, () => new X509Certificate(cert))
  if (ENCRYPTED.test(key)) throw new Error(`the private key in ${keyFile} is encrypted: store it without a passphrase`)
  const privateKey = parsed(keyFile, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) {
    const place = pemBlocks(cert).findIndex((pem) => isPair(pem, privateKey)) + 1
    throw new Error(
      place > 0
        ? `${certFile} must begin with the certificate of the key in ${keyFile}, which is number ${place} there`
        : `the key in ${keyFile} does not belong to ${certFile}`,
    )
  }
  if (certificate.validToDate < new Date()) {
    throw new Error(`the certificate in ${certFile} expired on ${certificate.validTo}: renew it`)
  }
  // OpenSSL also checks the rest of the chain, and rejects weak keys and signatures.
  parsed(certFile, () => createSecureContext({ cert, key }))
  return { cert, key }
}

/**
 * Reads the authorities of clients, in PEM.
 *
 * @throws Error that names the file and the problem
 */
export async function readClientAuthorities(file: string): Promise<string> {
  const ca = await textOf(file, 'the authorities of clients')
  // OpenSSL skips authorities that it cannot read: the server would refuse their clients without a reason.
  for (const pem of pemBlocks(ca)) parsed(file, () => new X509Certificate(pem))
  return ca
}

/**
 * Reads the authorities for a registration, in PEM.
 *
 * @throws Failure if the file cannot be read or does not hold a certificate
 */
export function readAuthorities(file: string): string {
  const text = authoritiesText(file)
  if (authoritiesIn(text).length === 0)
    throw new Failure(`${file} holds no certificate: name a PEM file of certificate authorities with --ca`)
  return text
}

function authoritiesText(file: string): string {
  try {
    return readOnce(file).toString()
  } catch (error) {
    throw new Failure(`cannot read the authorities: ${quote(file)}: ${reasonOf(error)} (--ca)`, { cause: error })
  }
}

async function textOf(file: string, what: string): Promise<string> {
  try {
    const parts = (await open(file, WITHOUT_WAITING)).createReadStream({ end: LARGEST })
    const content = Buffer.concat(await parts.toArray())
    if (content.length > LARGEST) throw new Error(`is larger than ${LARGEST / 1024 / 1024} MiB`)
    const text = content.toString()
    if (text.trim() === '') throw new Error('is empty')
    return text
  } catch (error) {
    throw new Error(`cannot read ${what}: ${quote(file)}: ${reasonOf(error)}`, { cause: error })
  }
}

function isPair(pem: string, key: KeyObject): boolean {
  try {
    return new X509Certificate(pem).checkPrivateKey(key)
  } catch {
    return false
  }
}

function parsed<T>(file: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new Error(`${file} does not hold usable PEM: ${(error as Error).message}`, { cause: error })
  }
}

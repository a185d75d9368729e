import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { quote } from '../wording/quote.ts'
import type { Certificate } from './issue.ts'
import { pemBlocks } from './pem.ts'
import { authoritiesIn } from './trust.ts'

/**
 * Reads the certificate and key that the service presents.
 *
 * @throws Error that names the file and says what is wrong: unreadable, not PEM, expired, or not a pair
 */
export async function readKeyPair(certFile: string, keyFile: string): Promise<Certificate> {
  const cert = await textOf(certFile, 'the certificate')
  const key = await textOf(keyFile, 'the private key')
  const certificate = parsed(certFile, () => new X509Certificate(cert))
  const privateKey = parsed(keyFile, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) throw new Error(`the key in ${keyFile} does not belong to ${certFile}`)
  if (certificate.validToDate < new Date()) {
    throw new Error(`the certificate in ${certFile} expired on ${certificate.validTo}: renew it`)
  }
  // The rest of the chain, and what OpenSSL takes for too weak.
  parsed(certFile, () => createSecureContext({ cert, key }))
  return { cert, key }
}

/** When a certificate, PEM, expires. */
export function expiryOf(cert: string): Date {
  return new X509Certificate(cert).validToDate
}

/**
 * Reads the authorities that clients are verified with, PEM.
 *
 * @throws Error that names the file and says what is wrong
 */
export async function readClientAuthorities(file: string): Promise<string> {
  const ca = await textOf(file, 'the authorities of clients')
  // OpenSSL passes over those that it cannot read, so that their clients would be refused without a reason.
  for (const pem of pemBlocks(ca)) parsed(file, () => new X509Certificate(pem))
  return ca
}

/**
 * Reads the authorities that a registration names, PEM.
 *
 * @throws Failure if there are none in the file
 */
export async function readAuthorities(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new Failure(`cannot read the authorities: ${quote(file)}: ${reasonOf(error)} (--ca)`, { cause: error })
  })
  if (authoritiesIn(text).length === 0)
    throw new Failure(`${file} holds no certificate: name a PEM file of certificate authorities with --ca`)
  return text
}

async function textOf(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Error(`cannot read ${what}: ${quote(file)}: ${reasonOf(error)}`, { cause: error })
  }
}

function parsed<T>(file: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new Error(`${file} holds no PEM that can be used: ${(error as Error).message}`, { cause: error })
  }
}

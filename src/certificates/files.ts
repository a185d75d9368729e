import { createPrivateKey, X509Certificate } from 'node:crypto'
import { constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { quote } from '../wording/quote.ts'
import type { Certificate } from './issue.ts'
import { pemBlocks } from './pem.ts'
import { authoritiesIn } from './trust.ts'

/** Flags of a read that does not wait for the writer of a named pipe: it would wait forever, even at the end of the process. */
const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK

/**
 * Reads the certificate and the private key of the server.
 *
 * @throws Error that names the file and the problem: not readable, not PEM, expired, or not a pair
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
    return await readFile(file, { encoding: 'utf8', flag: WITHOUT_WAITING })
  } catch (error) {
    throw new Error(`cannot read ${what}: ${quote(file)}: ${reasonOf(error)}`, { cause: error })
  }
}

function parsed<T>(file: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new Error(`${file} does not hold usable PEM: ${(error as Error).message}`, { cause: error })
  }
}

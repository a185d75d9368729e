import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, type TLSSocket } from 'node:tls'
import { reasonOf } from '../system/reason.ts'
import { quote } from '../wording/quote.ts'

/** A certificate chain and its private key, PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/**
 * Reads the certificate and key that the service presents.
 *
 * @throws Error that names the file and says what is wrong: unreadable, not PEM, expired, or not a pair
 */
export async function readKeyPair(certFile: string, keyFile: string): Promise<KeyPair> {
  const cert = await textOf(certFile, 'the certificate')
  const key = await textOf(keyFile, 'the private key')
  const certificate = parsed(certFile, () => new X509Certificate(cert))
  const privateKey = parsed(keyFile, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) throw new Error(`the key in ${keyFile} does not belong to ${certFile}`)
  if (certificate.validToDate < new Date()) {
    throw new Error(`the certificate in ${certFile} expired on ${certificate.validTo}: renew it`)
  }
  // The rest of the chain, and what OpenSSL takes for too weak.
  parsed(certFile, () => createSecureContext(tlsOptions({ cert, key }, undefined)))
  return { cert, key }
}

/** When the certificate expires. */
export function expiryOf({ cert }: KeyPair): Date {
  return new X509Certificate(cert).validToDate
}

/** Who may connect: clients whose certificate one of these authorities has signed. */
export interface ClientAuthentication {
  /** PEM of the authorities. */
  readonly ca: string
  /** Common names that are let in; undefined for all. */
  readonly names: ReadonlySet<string> | undefined
}

/**
 * Reads the authorities that clients are verified with.
 *
 * @param names common names that are let in; none for all
 * @throws Error that names the file and says what is wrong
 */
export async function readClientAuthentication(file: string, names: readonly string[]): Promise<ClientAuthentication> {
  const ca = await textOf(file, 'the authorities of clients')
  // OpenSSL passes over those that it cannot read, so that their clients would be refused without a reason.
  for (const pem of pemBlocks(ca)) parsed(file, () => new X509Certificate(pem))
  return { ca, names: names.length > 0 ? new Set(names) : undefined }
}

/** The full set of TLS options: whoever replaces a server's context must pass them all again. */
export function tlsOptions({ cert, key }: KeyPair, clients: ClientAuthentication | undefined) {
  // The API server offers 1.2 and newer. Source: k8s.io/client-go/transport/transport.go.
  const server = { cert, key, minVersion: 'TLSv1.2' as const }
  return clients ? { ...server, ca: clients.ca, requestCert: true, rejectUnauthorized: true } : server
}

/** Whether the client at the other end, whose certificate is verified already, is let in by its name. */
export function isLetIn(socket: TLSSocket, { names }: ClientAuthentication): boolean {
  return names === undefined || commonNames(socket).some((name) => names.has(name))
}

/** The common names of the client at the other end: a subject may hold several. */
export function commonNames(socket: TLSSocket): string[] {
  return [socket.getPeerCertificate().subject?.CN ?? []].flat()
}

/** The certificates of a PEM text, one text each; the whole text if there is none. */
export function pemBlocks(text: string): readonly string[] {
  return text.match(/^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----.*?^-----END \1?CERTIFICATE-----/gms) ?? [text]
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

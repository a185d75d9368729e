import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'

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
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')])
  const certificate = parsed(certFile, () => new X509Certificate(cert))
  const privateKey = parsed(keyFile, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) throw new Error(`the key in ${keyFile} does not belong to ${certFile}`)
  if (certificate.validToDate < new Date()) {
    throw new Error(`the certificate in ${certFile} expired on ${certificate.validTo}: renew it`)
  }
  return { cert, key }
}

/** The full set of TLS options: whoever replaces a server's context must pass them all again. */
export function tlsOptions({ cert, key }: KeyPair) {
  // The API server offers 1.2 and newer. Source: k8s.io/client-go/transport/transport.go.
  return { cert, key, minVersion: 'TLSv1.2' as const }
}

function parsed<T>(file: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new Error(`${file} holds no PEM that can be used: ${(error as Error).message}`, { cause: error })
  }
}

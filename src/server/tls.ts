import type { TLSSocket } from 'node:tls'

/** A certificate chain and its private key, PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Who may connect: clients whose certificate one of these authorities has signed. */
export interface ClientAuthentication {
  /** PEM of the authorities. */
  readonly ca: string
  /** Common names that may connect; undefined for all. */
  readonly names: ReadonlySet<string> | undefined
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

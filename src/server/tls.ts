import type { TLSSocket } from 'node:tls'

/** A certificate chain and its private key, PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** The clients that may connect: those with a certificate of these authorities. */
export interface ClientAuthentication {
  /** The authorities, PEM. */
  readonly ca: string
  /** The allowed common names; undefined for all. */
  readonly names: ReadonlySet<string> | undefined
}

/** Returns all TLS options. A new secure context of a server needs all of them again. */
export function tlsOptions({ cert, key }: KeyPair, clients: ClientAuthentication | undefined) {
  // The API server supports 1.2 and newer. Source: k8s.io/client-go/transport/transport.go.
  const server = { cert, key, minVersion: 'TLSv1.2' as const }
  return clients ? { ...server, ca: clients.ca, requestCert: true, rejectUnauthorized: true } : server
}

/** Whether a client may connect by the name in its certificate, which is verified already. */
export function isAllowed(socket: TLSSocket, { names }: ClientAuthentication): boolean {
  return names === undefined || commonNames(socket).some((name) => names.has(name))
}

/** Returns the common names of a client's certificate: a subject may have several. */
export function commonNames(socket: TLSSocket): string[] {
  return [socket.getPeerCertificate().subject?.CN ?? []].flat()
}

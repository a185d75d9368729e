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

/** The key pair of a server, which may change while it serves. */
export class ServedKeyPair {
  #current: KeyPair | undefined
  #changed: (pair: KeyPair) => void = () => {}

  /** @param first without it, every handshake fails until `replace` */
  constructor(first?: KeyPair) {
    this.#current = first
  }

  get current(): KeyPair | undefined {
    return this.#current
  }

  /** Uses another key pair for the handshakes to come. Open connections continue. */
  replace(pair: KeyPair): void {
    this.#current = pair
    this.#changed(pair)
  }

  /** Calls this function, in place of an earlier one, with each key pair that `replace` sets. */
  follow(changed: (pair: KeyPair) => void): void {
    this.#changed = changed
  }
}

/** Returns all TLS options. A new secure context of a server needs all of them again. */
export function tlsOptions(pair: KeyPair | undefined, clients: ClientAuthentication | undefined) {
  // The API server supports 1.2 and newer. Source: k8s.io/client-go/transport/transport.go.
  const server = { cert: pair?.cert, key: pair?.key, minVersion: 'TLSv1.2' as const }
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

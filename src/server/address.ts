/** The address on which a server listens. */
export interface Address {
  readonly host: string
  /** If 0, the system chooses a free port. */
  readonly port: number
}

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (all addresses).
 *
 * @throws Error if the text is not an address
 */
export function parseAddress(text: string): Address {
  const { host, port } = /^(?<host>\[[\da-fA-F:.]+\]|[^:[\]]*):(?<port>\d{1,5})$/.exec(text)?.groups ?? {}
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new Error(`"${text}" is not an address: write HOST:PORT, [IPV6]:PORT or :PORT, with a port from 0 to 65535`)
  }
  return { host: host.replace(/^\[|\]$/g, '') || '::', port: Number(port) }
}

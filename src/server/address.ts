/** Where a server listens. */
export interface Address {
  readonly host: string
  /** 0 lets the system choose a free port. */
  readonly port: number
}

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (all addresses).
 *
 * @throws Error that says what is wrong with the text
 */
export function parseAddress(text: string): Address {
  const { host, port } = /^(?<host>\[[\da-fA-F:.]+\]|[^:[\]]*):(?<port>\d{1,5})$/.exec(text)?.groups ?? {}
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new Error(`"${text}" is no address: write HOST:PORT, [IPV6]:PORT or :PORT, with a port from 0 to 65535`)
  }
  return { host: host.replace(/^\[|\]$/g, '') || '::', port: Number(port) }
}

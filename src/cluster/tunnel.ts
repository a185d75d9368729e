import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { SocksClient } from 'socks'
import { reasonOf } from '../system/reason.ts'
import { hostOf, type ProxyServer, portOf, titleOf } from './proxy.ts'

/** Timeout for a connection through a proxy, in ms, as long as for the beginning of an answer. */
const CONNECTS = 30_000

/** Opens connections through a proxy. Each is a tunnel: the proxy sees neither credentials nor requests. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: ProxyServer

  constructor(proxy: ProxyServer, options: https.AgentOptions) {
    super(options)
    this.#proxy = proxy
  }

  override createConnection(
    options: https.RequestOptions,
    callback: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    tunnelFor(this.#proxy, options).then(
      (socket) => callback(null, super.createConnection({ ...options, socket } as https.RequestOptions) as Duplex),
      (error) => callback(new Error(`${titleOf(this.#proxy)}: ${reasonOf(error)}`, { cause: error }), null as never),
    )
  }
}

/** Returns a connection to a server through a proxy. */
async function tunnelFor(proxy: ProxyServer, { host, port, ca, cert, key, rejectUnauthorized }: https.RequestOptions) {
  const { url } = proxy
  const itsHost = hostOf(url)
  const at = { host: itsHost, port: portOf(url) }
  // As in kubectl, the authority of the cluster also verifies an https:// proxy.
  const trust = { ca, cert, key, rejectUnauthorized, servername: net.isIP(itsHost) ? '' : itsHost } as object
  const socket = url.protocol === 'https:' ? tls.connect({ ...at, ...trust }) : net.connect(at)
  // A proxy that hangs does not keep the process alive: the request that waits for the tunnel does.
  socket.unref()
  const late = setTimeout(() => socket.destroy(new Error(`no connection in ${CONNECTS} ms`)), CONNECTS).unref()
  try {
    await once(socket, url.protocol === 'https:' ? 'secureConnect' : 'connect')
    const target = { host: String(host), port: Number(port) }
    if (url.protocol.startsWith('socks')) await askSocks(socket, proxy, target)
    else await askHttp(socket, proxy, target)
    return socket.ref()
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(late)
  }
}

interface Target {
  readonly host: string
  readonly port: number
}

async function askSocks(socket: net.Socket, { url, login }: ProxyServer, destination: Target): Promise<void> {
  const proxy = { host: hostOf(url), port: portOf(url), type: 5, ...login } as const
  await SocksClient.createConnection({ proxy, destination, command: 'connect', existing_socket: socket })
}

async function askHttp(socket: net.Socket, { login }: ProxyServer, { host, port }: Target): Promise<void> {
  const target = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`
  const request = http.request({
    method: 'CONNECT',
    path: target,
    headers: {
      host: target,
      ...(login && {
        'proxy-authorization': `Basic ${Buffer.from(`${login.userId}:${login.password}`).toString('base64')}`,
      }),
    },
    createConnection: () => socket,
  })
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>()
  request.once('connect', resolve).once('response', resolve).once('error', reject).end()
  const { statusCode = 0, statusMessage = '' } = await promise
  if (statusCode !== 200) throw new Error(`refused the connection to ${target}: HTTP ${statusCode} ${statusMessage}`)
}

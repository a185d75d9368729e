import { EventEmitter, once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** What a proxy does with those who ask for a connection: passes it on, refuses it, or never answers. */
type Manner = 'pass' | 'refuse' | 'hang'

interface ProxyOptions {
  readonly manner?: Manner
  /** Where all connections lead, whatever was asked for: the proxy is the only one who knows the name. */
  readonly target?: URL
  /** The user name and password that it takes, as `USER:PASSWORD`; default: none. */
  readonly login?: string
  /** The key pair of a proxy that is reached by TLS itself. */
  readonly secure?: { readonly cert: string; readonly key: string }
}

/** A proxy on 127.0.0.1. */
export interface TestProxy {
  /** HOST:PORT */
  readonly address: string
  /** The targets that it was asked for, in order. */
  readonly asked: string[]
  /** All that passed from the clients, to find what must not be readable in it. */
  passed(): string
  /** Tells connections that were made to it and lost again. */
  readonly connections: EventEmitter
  close(): void
}

function pipe(client: Duplex, onward: Socket, seen: Buffer[]): void {
  client.on('data', (chunk: Buffer) => seen.push(chunk))
  onward.pipe(client)
  client.pipe(onward)
  for (const end of [client, onward]) end.on('error', () => {})
  client.on('close', () => onward.destroy())
}

async function listening(server: net.Server, asked: string[], seen: Buffer[]): Promise<TestProxy> {
  const sockets = new Set<Socket>()
  const connections = new EventEmitter()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    connections.emit('open')
    socket.on('error', () => {})
    socket.on('close', () => connections.emit('close'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    passed: () => Buffer.concat(seen).toString('latin1'),
    connections,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

const split = (authority: string) => new URL(`tcp://${authority}`)

/** Starts an HTTP proxy, which takes CONNECT. */
export function httpProxy({ manner = 'pass', target, login, secure }: ProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = []
  const seen: Buffer[] = []
  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
  const server = secure ? https.createServer(secure) : http.createServer()
  server.on('connect', (request: http.IncomingMessage, socket: Socket) => {
    asked.push(request.url ?? '')
    if (manner === 'hang') return
    const isRight = request.headers['proxy-authorization'] === wanted
    if (manner === 'refuse' || !isRight)
      return void socket.end(`HTTP/1.1 ${isRight ? '403 Forbidden' : '407 Proxy Authentication Required'}\r\n\r\n`)
    const { hostname, port } = target ?? split(request.url ?? '')
    const onward = net.connect(Number(port), hostname.replace(/^\[|\]$/g, ''), () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      pipe(socket, onward, seen)
    })
    onward.on('error', () => socket.destroy())
  })
  return listening(server, asked, seen)
}

/** Reads so many bytes of a socket. */
async function taken(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const read: Buffer | null = socket.read(length)
    if (read) return read
    await once(socket, 'readable')
  }
}

/** Starts a SOCKS5 proxy (RFC 1928, RFC 1929). */
export function socksProxy({ manner = 'pass', target, login }: ProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = []
  const seen: Buffer[] = []
  const serve = async (socket: Socket) => {
    const [, methods = 0] = await taken(socket, 2)
    const offered = await taken(socket, methods)
    if (manner === 'hang') return
    const method = login === undefined ? 0 : 2
    socket.write(Buffer.of(5, offered.includes(method) ? method : 0xff))
    if (method === 2) {
      const [, userLength = 0] = await taken(socket, 2)
      const user = String(await taken(socket, userLength))
      const [length = 0] = await taken(socket, 1)
      const isRight = `${user}:${await taken(socket, length)}` === login
      socket.write(Buffer.of(1, isRight ? 0 : 1))
      if (!isRight) return void socket.end()
    }
    const [, , , kind] = await taken(socket, 4)
    const host = await hostIn(socket, kind ?? 0)
    const port = (await taken(socket, 2)).readUInt16BE()
    asked.push(`${host}:${port}`)
    if (manner === 'refuse') return void socket.end(Buffer.of(5, 2, 0, 1, 0, 0, 0, 0, 0, 0))
    const onward = net.connect(Number(target?.port ?? port), target?.hostname ?? host, () => {
      socket.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0))
      pipe(socket, onward, seen)
    })
    onward.on('error', () => socket.destroy())
  }
  const server = net.createServer((socket) => void serve(socket).catch(() => socket.destroy()))
  return listening(server, asked, seen)
}

/** Reads the target of a request: an IPv4 address (1), a name (3) or an IPv6 address (4). */
async function hostIn(socket: Socket, kind: number): Promise<string> {
  if (kind === 3) {
    const [length = 0] = await taken(socket, 1)
    return String(await taken(socket, length))
  }
  const bytes = await taken(socket, kind === 1 ? 4 : 16)
  if (kind === 1) return bytes.join('.')
  return bytes.toString('hex').replace(/(.{4})(?!$)/g, '$1:')
}

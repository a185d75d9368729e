import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** One connection through the proxy. */
interface Line {
  readonly client: Socket
  readonly upstream: Socket
  /** Bytes that the upstream may still send before the connection is cut. */
  left: number
  /** Whether nothing will ever pass again, though both ends stay open. */
  dead: boolean
}

/**
 * A proxy of raw TCP in front of a server, which makes the network fail on demand. It knows nothing of what it passes
 * on: TLS goes through it, and a server's certificate for an address is good for the proxy's port too.
 */
export class TcpProxy {
  readonly #server: Server
  readonly #lines = new Set<Line>()
  #delay = 0
  #holed = false
  #refusing = false
  /** Connections so far. */
  connections = 0

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      this.connections += 1
      if (this.#refusing) client.resetAndDestroy()
      else this.#connect(client, target)
    })
  }

  /** Starts one in front of a server, whose address is `https://HOST:PORT`. */
  static async start({ server }: { readonly server: string }): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(server))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** What clients connect to. */
  get server(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Breaks every connection; new ones work. */
  cut(): void {
    for (const line of this.#lines) if (!line.dead) reset(line)
  }

  /** Breaks every connection again and again, every so many ms, until the function it gives is called. */
  cutEvery(interval: number): () => void {
    const timer = setInterval(() => this.cut(), interval)
    return () => clearInterval(timer)
  }

  /** Breaks each connection that there is once so many more bytes of the server's have passed. */
  truncate(bytes: number): void {
    for (const line of this.#lines) line.left = bytes
  }

  /** What passes arrives so many ms late, either way. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds
  }

  /** Refuses new connections, or no longer. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing
  }

  /** Passes nothing on, and says nothing of it: connections stay open, and new ones are taken. */
  hole(): void {
    this.#holed = true
    for (const line of this.#lines) stall(line)
  }

  /**
   * Ends the hole. What was held back arrives, as after a lost link; or, if it is to be forgotten, the connections of
   * that time stay open and dead, as after a lost router.
   */
  heal({ forget = false } = {}): void {
    this.#holed = false
    for (const line of this.#lines) {
      line.dead ||= forget
      if (!line.dead) flow(line)
    }
  }

  /** Ends every fault but what cannot be undone. */
  repair(): void {
    this.refuse(false)
    this.delay(0)
    this.heal()
  }

  close(): void {
    this.#server.close()
    for (const line of this.#lines) reset(line)
  }

  #connect(client: Socket, target: URL): void {
    const upstream = connect(Number(target.port), target.hostname)
    const line: Line = { client, upstream, left: Infinity, dead: false }
    this.#lines.add(line)
    this.#pump(client, upstream, line)
    this.#pump(upstream, client, line)
    if (this.#holed) stall(line)
  }

  #pump(from: Socket, to: Socket, line: Line): void {
    // In order, even when the delay becomes shorter.
    let last: Promise<unknown> = Promise.resolve()
    const inTime = (act: () => void) => {
      const due = performance.now() + this.#delay
      const ready = async () => {
        const rest = due - performance.now()
        if (rest > 0) await wait(rest)
        act()
      }
      last = last.then(ready)
    }
    from.on('data', (chunk: Buffer) => {
      const passed = from === line.upstream ? chunk.subarray(0, line.left) : chunk
      if (from === line.upstream) line.left -= passed.length
      inTime(() => {
        if (to.writable) to.write(passed)
        if (line.left > 0) return
        to.end()
        from.destroy()
      })
    })
    from.on('error', () => {})
    from.on('close', () => {
      this.#lines.delete(line)
      inTime(() => to.destroy())
    })
  }
}

function stall({ client, upstream }: Line): void {
  client.pause()
  upstream.pause()
}

function flow({ client, upstream }: Line): void {
  client.resume()
  upstream.resume()
}

function reset({ client, upstream }: Line): void {
  client.resetAndDestroy()
  upstream.resetAndDestroy()
}

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Refgrant } from '../program/refgrant.ts'

/** How often each backend is asked whether it is ready, in ms. A kubelet asks each few seconds, which is only slower. */
const PROBE = 100

/** A server behind the balancer. */
type Backend = Pick<Refgrant, 'url' | 'health'>

/**
 * A balancer of TCP connections, as kube-proxies make one of a Service: new connections go in turn to the backends that
 * are ready, and stay there whatever becomes of it. While none is ready, connections are refused.
 */
export class Balancer {
  readonly #server: Server
  /** Each backend, and whether it was ready when it was asked last. */
  readonly #backends = new Map<Backend, boolean>()
  readonly #honoursReadiness: boolean
  readonly #sockets = new Set<Socket>()
  #turn = 0

  private constructor(honoursReadiness: boolean) {
    this.#honoursReadiness = honoursReadiness
    this.#server = createServer((client) => this.#pass(client))
  }

  /** @param honoursReadiness whether only those get connections that are ready */
  static async start(backends: readonly Backend[], { honoursReadiness = true } = {}): Promise<Balancer> {
    const balancer = new Balancer(honoursReadiness)
    await Promise.all(backends.map((backend) => balancer.add(backend)))
    balancer.#server.listen(0, '127.0.0.1')
    await once(balancer.#server, 'listening')
    return balancer
  }

  /** What stands for the `url` of a backend. */
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}/validate`
  }

  /** Takes one more backend; resolves when it has been asked for the first time. */
  async add(backend: Backend): Promise<void> {
    this.#backends.set(backend, false)
    await this.#probe(backend)
    void this.#watch(backend)
  }

  /** Forgets a backend; its connections stay. */
  remove(backend: Backend): void {
    this.#backends.delete(backend)
  }

  close(): void {
    this.#backends.clear()
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #watch(backend: Backend): Promise<void> {
    while (this.#backends.has(backend)) {
      await wait(PROBE)
      await this.#probe(backend)
    }
  }

  async #probe(backend: Backend): Promise<void> {
    const ready = await backend.health('/readyz').then(
      (answer) => answer === 'ok\n',
      () => false,
    )
    if (this.#backends.has(backend)) this.#backends.set(backend, ready)
  }

  #pass(client: Socket): void {
    const able = [...this.#backends].filter(([, ready]) => ready || !this.#honoursReadiness)
    const backend = able[this.#turn++ % able.length]?.[0]
    if (!backend) {
      client.resetAndDestroy()
      return
    }
    const { hostname, port } = new URL(backend.url)
    const upstream = connect(Number(port), hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => this.#sockets.delete(from))
    }
  }
}

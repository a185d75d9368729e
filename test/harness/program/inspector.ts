/** Speaks to the inspector of a Node process, for what only the process itself can do. */
export class Inspector {
  readonly #socket: WebSocket
  #asked = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
  }

  /** @param url what Node prints: `ws://127.0.0.1:9229/...` */
  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => reject(new Error(`cannot reach ${url}`)), { once: true })
    })
    return new Inspector(socket)
  }

  /** A full garbage collection; resolves when it is done. */
  async collectGarbage(): Promise<void> {
    await this.#ask('HeapProfiler.collectGarbage')
  }

  /** What is in use after a garbage collection, buffers included, in bytes. */
  async memory(): Promise<number> {
    await this.collectGarbage()
    const { usedSize, backingStorageSize } = await this.#ask('Runtime.getHeapUsage')
    return Number(usedSize) + Number(backingStorageSize)
  }

  close(): void {
    this.#socket.close()
  }

  async #ask(method: string): Promise<Record<string, unknown>> {
    this.#asked += 1
    const id = this.#asked
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>()
    const take = ({ data }: MessageEvent) => {
      const answer = JSON.parse(data)
      if (answer.id === id) resolve(answer.result)
    }
    const fail = () => reject(new Error(`${method}: the process has ended`))
    this.#socket.addEventListener('message', take)
    this.#socket.addEventListener('close', fail)
    this.#socket.send(JSON.stringify({ id, method }))
    try {
      return await promise
    } finally {
      this.#socket.removeEventListener('message', take)
      this.#socket.removeEventListener('close', fail)
    }
  }
}

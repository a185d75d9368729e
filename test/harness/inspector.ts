/** Speaks to the inspector of a Node process, for what only the process itself can do. */
export class Inspector {
  readonly #socket: WebSocket
  #asked = 1

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

  async #ask(method: string): Promise<Record<string, unknown>> {
    const id = this.#asked++
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>()
    const listen = ({ data }: MessageEvent) => {
      const answer = JSON.parse(String(data))
      if (answer.id !== id) return
      this.#socket.removeEventListener('message', listen)
      resolve(answer.result)
    }
    this.#socket.addEventListener('message', listen)
    this.#socket.send(JSON.stringify({ id, method }))
    return promise
  }

  close(): void {
    this.#socket.close()
  }
}

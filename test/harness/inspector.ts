/** Speaks to the inspector of a Node process, for what only the process itself can do. */
export class Inspector {
  readonly #socket: WebSocket

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
    const done = new Promise((resolve) => this.#socket.addEventListener('message', resolve, { once: true }))
    this.#socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }))
    await done
  }

  close(): void {
    this.#socket.close()
  }
}

import { once } from 'node:events'
import tls from 'node:tls'
import type { Program } from './programs.ts'

/** The connections of an API server that is busy with writes. */
const CONNECTIONS = 8

/** What a load measured. */
export interface Load {
  readonly requests: number
  readonly seconds: number
  /** The CPU time of the program, in s. */
  readonly cpu: number
  /** The time of each request, in ms, in ascending order. */
  readonly times: Float64Array
}

interface LoadOptions {
  readonly requests: number
  /** What each answer must have. */
  readonly expected: string
  /** The requests per second; default: as many as the program answers. */
  readonly rate?: number
  /** Ends the load before. */
  readonly signal?: AbortSignal
}

/** Sends a review over kept-alive connections again and again, and checks every answer. */
export async function load(program: Program, body: string, options: LoadOptions): Promise<Load> {
  const { port, host } = new URL(program.url)
  const text = Buffer.from(
    `POST ${program.path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: kube-apiserver-admission\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nAccept: application/json, */*\r\n` +
      `Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n${body}`,
  )
  const connections = Array.from({ length: CONNECTIONS }, () => new Connection(Number(port), text, options.expected))
  // Handshakes are not a part of the measurement, unless a server closes a connection.
  for (const connection of connections) await connection.exchange()

  const begun = performance.now()
  const before = program.cpu()
  const schedule = new Schedule(begun, options.rate)
  const times: number[] = []
  let sent = 0
  const sending = connections.map(async (connection) => {
    while (sent < options.requests && !options.signal?.aborted) {
      sent += 1
      const due = await schedule.next()
      await connection.exchange()
      times.push(performance.now() - due)
    }
  })
  await Promise.all(sending)
  const [seconds, cpu] = [(performance.now() - begun) / 1_000, program.cpu() - before]
  for (const connection of connections) connection.close()
  return { requests: times.length, seconds, cpu, times: Float64Array.from(times).sort() }
}

/** When each request is due. A late request counts from when it was due, so that a slow answer delays no measurement. */
class Schedule {
  #next: number
  readonly #interval: number | undefined

  constructor(begun: number, rate: number | undefined) {
    this.#next = begun
    this.#interval = rate === undefined ? undefined : 1_000 / rate
  }

  async next(): Promise<number> {
    if (this.#interval === undefined) return performance.now()
    const due = this.#next
    this.#next += this.#interval
    // A timer may be late by a millisecond, so the last part of the wait yields to the network only.
    const early = due - performance.now() - 2
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve))
    return due
  }
}

/** One connection, which sends the same request. It reads only what HTTP needs, so that one core can drive any server. */
class Connection {
  readonly #port: number
  readonly #request: Buffer
  readonly #expected: string
  #socket: tls.TLSSocket | undefined
  #answer = ''
  #done: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(port: number, request: Buffer, expected: string) {
    this.#port = port
    this.#request = request
    this.#expected = expected
  }

  async exchange(): Promise<void> {
    const socket = this.#socket ?? (await this.#connect())
    this.#done = Promise.withResolvers()
    this.#answer = ''
    socket.write(this.#request)
    return this.#done.promise
  }

  close(): void {
    this.#socket?.destroy()
  }

  async #connect(): Promise<tls.TLSSocket> {
    // The programs that are compared have certificates of their own.
    const socket = tls.connect({ port: this.#port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    this.#socket = socket.setNoDelay().on('data', (chunk) => this.#take(chunk.toString('latin1')))
    socket.on('error', (error) => this.#done.reject(error))
    socket.on('close', () => this.#done.reject(new Error(`the connection closed: ${this.#answer}`)))
    return socket
  }

  #take(text: string): void {
    this.#answer += text
    const head = this.#answer.indexOf('\r\n\r\n')
    const length = /content-length: (\d+)/i.exec(this.#answer)?.[1]
    if (head < 0 || length === undefined || this.#answer.length < head + 4 + Number(length)) return
    if (!this.#answer.includes(this.#expected)) this.#done.reject(new Error(`an unexpected answer: ${this.#answer}`))
    // A server may limit the requests of one connection.
    if (/connection: close/i.test(this.#answer)) {
      this.#socket?.destroy()
      this.#socket = undefined
    }
    this.#done.resolve()
  }
}

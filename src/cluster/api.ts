import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Connection } from './connection.ts'

/** Largest answer taken whole, in bytes: 500 grants of the largest size that etcd stores, generously. */
const LARGEST_ANSWER = 256 * 1024 * 1024

/** How long the API server may take to begin an answer, in ms; its own limit for a request is 60 s. */
const ANSWER_BEGINS = 30_000

/** How long an answer that is taken whole may pause, in ms. */
const ANSWER_PAUSES = 30_000

/** After this much silence the system probes a connection, in ms, so that a dead peer is noticed. */
const KEEP_ALIVE_PROBE = 15_000

/** The API server answered with something else than success. */
export class ApiError extends Error {
  readonly status: number
  /** What the server asks to wait, in ms, if it does. */
  readonly retryAfter: number | undefined

  constructor(path: string, status: number, reason: string, retryAfter?: number) {
    super(`${path}: HTTP ${status}${reason && `: ${reason}`}`)
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** Reads from one API server. */
export class Api {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * The JSON at `path`.
   *
   * @throws ApiError for any status but 200; Error if the answer does not arrive or is no JSON
   */
  async get(path: string, signal: AbortSignal): Promise<unknown> {
    const response = await this.#open(path, signal)
    let body = ''
    for await (const chunk of chunks(response, path, ANSWER_PAUSES)) {
      body += chunk
      if (body.length > LARGEST_ANSWER) throw new Error(`${path}: the answer is too large`)
    }
    try {
      return JSON.parse(body)
    } catch (error) {
      throw new Error(`${path}: the answer is no JSON`, { cause: error })
    }
  }

  /**
   * The JSON lines that a watch at `path` sends, until the server ends it.
   *
   * @param silence the stream is given up after this long without a byte, in ms
   * @throws ApiError for any status but 200; Error if the connection breaks, falls silent or sends something else
   */
  async *stream(path: string, silence: number, signal: AbortSignal): AsyncGenerator<unknown> {
    const response = await this.#open(path, signal)
    let rest = ''
    for await (const chunk of chunks(response, path, silence)) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LARGEST_ANSWER) throw new Error(`${path}: a line is too large`)
      for (const line of lines) if (line !== '') yield JSON.parse(line)
    }
  }

  async #open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const options = await this.#connection.requestOptions()
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const request = https.get(`${this.#connection.server}${path}`, { ...options, signal }, resolve)
    request.on('error', reject)
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_PROBE))
    request.setTimeout(ANSWER_BEGINS, () => request.destroy(new Error(`${path}: no answer in ${ANSWER_BEGINS} ms`)))
    const response = await promise
    request.setTimeout(0)
    response.setEncoding('utf8')
    if (response.statusCode === 200) return response
    throw await apiError(path, response)
  }
}

/** The chunks of an answer; it is given up after `silence` ms without one, and closed however reading ends. */
async function* chunks(response: IncomingMessage, path: string, silence: number): AsyncGenerator<string> {
  // Not the socket's own timeout: the socket outlives the response, and is taken from it when that ends.
  const silent = setTimeout(() => response.destroy(new Error(`${path}: silent for ${silence} ms`)), silence)
  try {
    for await (const chunk of response) {
      silent.refresh()
      yield chunk
    }
  } finally {
    clearTimeout(silent)
    response.destroy()
  }
}

async function apiError(path: string, response: IncomingMessage): Promise<ApiError> {
  // A Status, a plain text or something else entirely: its beginning says enough.
  let body = ''
  for await (const chunk of chunks(response, path, ANSWER_PAUSES)) if (body.length < 4_096) body += chunk
  const seconds = Number(response.headers['retry-after'])
  const retryAfter = seconds > 0 ? seconds * 1_000 : undefined
  return new ApiError(path, response.statusCode ?? 0, reasonOf(body), retryAfter)
}

function reasonOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    if (typeof message === 'string') return message
  } catch {
    // Not a Status: shown as it is.
  }
  return body.trim().slice(0, 200)
}

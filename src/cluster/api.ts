import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { JsonError } from '../json/parse.ts'
import { Projector, type ProjectorOptions } from '../json/projector.ts'
import { reasonOf } from '../system/reason.ts'
import { unlessAborted } from '../system/unless-aborted.ts'
import { ApiError, apiError } from './api-error.ts'
import { chunks } from './chunks.ts'
import { type Connection, KEEP_ALIVE_PROBE } from './connection.ts'
import { Deadline } from './deadline.ts'
import { ServerClock } from './server-clock.ts'
import { Turns } from './turns.ts'

/**
 * Largest answer that is read whole, in bytes. By default, etcd stores at most 1.5 MiB for one object. The discovery of
 * a group with thousands of kinds is smaller than this.
 */
const LARGEST_WHOLE = 8 * 1024 * 1024

/** Timeout for the beginning of an answer, in ms. The API server's own limit for a request is 60 s. */
const ANSWER_BEGINS = 30_000

/** Longest pause in an answer, in ms. A watch has its own limit. */
const ANSWER_PAUSES = 30_000

/** Timeout for an answer that is read whole, in ms. */
const ANSWER_ENDS = 60_000

export interface RequestOptions {
  /** Whether the request opens a new connection: one that is already open may hang. */
  readonly ownConnection?: boolean
  /** Called as an answer that is read with `project` arrives. What it throws ends the request. */
  readonly received?: (bytes: number) => void
}

/** A write of one object, or of a part of it. */
export interface Write {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly contentType?: string
  /** What becomes the JSON of the body. */
  readonly body?: unknown
}

/** How a request is sent. `accept` is the form of the answer; default: JSON. */
type Opening = RequestOptions & { readonly write?: Write; readonly accept?: string | undefined }

/** How a watch is read. `silence` is the longest time without data, in ms. */
export interface StreamOptions extends Pick<ProjectorOptions, 'shape' | 'most'> {
  readonly silence: number
  /** Called when the answer begins. */
  readonly opened?: () => void
}

/** What is kept of a watch event. `whole` is false if a part was dropped for its size. */
export interface StreamedEvent {
  readonly event: unknown
  readonly whole: boolean
}

/** Client for one API server. */
export class Api {
  /** The clock of the API server. */
  readonly clock = new ServerClock(() => performance.now())
  readonly #connection: Connection
  readonly #turns = new Turns()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Gets the credentials before the first request: a credential plugin may ask the person at the terminal. */
  async authenticate(signal: AbortSignal): Promise<void> {
    await this.#credentials(this.#connection.server, signal, false)
  }

  /**
   * Returns the JSON at `path`. Suits small answers: discovery, single objects.
   *
   * @throws ApiError for any status other than 200; Error if the answer does not arrive, is too large or is not JSON
   */
  async get(path: string, signal: AbortSignal, accept?: string): Promise<unknown> {
    return this.#whole(path, await this.#open(path, signal, { accept }))
  }

  /**
   * Returns the JSON at `path`; undefined if the object does not exist.
   *
   * @throws ApiError for any status other than 200 and 404; Error as `get`
   */
  async find(path: string, signal: AbortSignal, accept?: string): Promise<unknown> {
    try {
      return await this.get(path, signal, accept)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  /**
   * Writes, and returns the JSON of the answer: the object as it is then.
   *
   * @throws ApiError for any status other than 200 and 201; Error as `get`
   */
  async write(write: Write, signal: AbortSignal): Promise<unknown> {
    return this.#whole(write.path, await this.#open(write.path, signal, { write }))
  }

  /**
   * Writes, and returns the warnings of the answer.
   *
   * @throws as `write`
   */
  async warningsOf(write: Write, signal: AbortSignal): Promise<string[]> {
    const response = await this.#open(write.path, signal, { write })
    await this.#whole(write.path, response)
    // RFC 7234, 5.5: a code, an agent and a quoted text; the API server always writes `299 - "..."`.
    const texts = String(response.headers.warning ?? '').matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)
    return [...texts].map(([, quoted = '""']) => quoted.slice(1, -1).replace(/\\(.)/g, '$1'))
  }

  async #whole(path: string, response: IncomingMessage): Promise<unknown> {
    const parts: Buffer[] = []
    let length = 0
    for await (const chunk of chunks(response, path, ANSWER_PAUSES, ANSWER_ENDS)) {
      parts.push(chunk)
      length += chunk.length
      if (length > LARGEST_WHOLE) throw new Error(tooLarge(path, this.#connection.server))
    }
    try {
      return JSON.parse(Buffer.concat(parts).toString())
    } catch (error) {
      throw new Error(`${path}: the answer is not JSON`, { cause: error })
    }
  }

  /**
   * Reads the JSON at `path`, of any size, and passes on what is kept of it as it arrives. It may fail after it has
   * passed on a part.
   *
   * @throws ApiError for any status other than 200; Error if the answer does not arrive or is not JSON; what a callback
   *   throws
   */
  async project(path: string, keep: ProjectorOptions, signal: AbortSignal, options?: RequestOptions): Promise<void> {
    const response = await this.#open(path, signal, options)
    const projector = new Projector(keep)
    try {
      for await (const chunk of this.#turns.pieces(chunks(response, path, ANSWER_PAUSES), signal)) {
        options?.received?.(chunk.length)
        projector.push(chunk)
      }
      projector.end()
    } catch (error) {
      throw withPath(error, path)
    }
  }

  /**
   * Yields what is kept of each event that a watch at `path` sends, until the server ends the watch.
   *
   * @throws ApiError for any status other than 200; Error if the connection breaks, sends nothing for too long, or
   *   sends something other than events
   */
  async *stream(path: string, options: StreamOptions, signal: AbortSignal): AsyncGenerator<StreamedEvent> {
    const { shape, most, silence, opened } = options
    const response = await this.#open(path, signal)
    opened?.()
    let events: StreamedEvent[] = []
    const document = (event: unknown, whole: boolean) => events.push({ event, whole })
    const projector = new Projector({ shape, most, lines: true, document })
    try {
      for await (const chunk of this.#turns.pieces(chunks(response, path, silence), signal)) {
        try {
          projector.push(chunk)
        } finally {
          // Events that came before invalid data are valid.
          const complete = events
          events = []
          yield* complete
        }
      }
      projector.end()
    } catch (error) {
      throw withPath(error, path)
    }
  }

  async #open(
    path: string,
    signal: AbortSignal,
    { ownConnection = false, write, accept }: Opening = {},
  ): Promise<IncomingMessage> {
    const options = await this.#credentials(path, signal, ownConnection)
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const { method = 'GET', contentType, body } = write ?? {}
    const type = contentType !== undefined && { 'content-type': contentType }
    const headers = { ...options.headers, ...type, ...(accept !== undefined && { accept }) }
    const url = `${this.#connection.server}${path}`
    const asked = performance.now()
    const request = https.request(url, { ...options, method, headers, signal }, resolve)
    // As bytes: Node would encode the headers again with a text.
    request.end(body === undefined ? undefined : Buffer.from(JSON.stringify(body)))
    request.on('error', (error) => reject(readable(error, this.#connection.server)))
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_PROBE))
    // The socket's own timeout does not suit: each interim answer (1xx) restarts it.
    const late = setTimeout(
      () => request.destroy(new Error(`${path}: no answer in ${ANSWER_BEGINS} ms`)),
      ANSWER_BEGINS,
    )
    const response = await promise.finally(() => clearTimeout(late))
    this.clock.heard(response.headers.date, asked)
    const { statusCode } = response
    if (statusCode === 401) this.#connection.refused?.()
    if (statusCode === 200 || (write && statusCode === 201)) return response
    throw await apiError(path, response)
  }

  async #credentials(path: string, signal: AbortSignal, ownConnection: boolean): Promise<https.RequestOptions> {
    signal.throwIfAborted()
    const connection = this.#connection
    const missing = `${path}: no credentials (check the credential plugin of the kubeconfig)`
    const deadline = new Deadline(missing, connection.credentialsWithin, signal)
    try {
      return await unlessAborted(deadline.signal, connection.requestOptions(deadline.signal, ownConnection))
    } catch (error) {
      throw readable(error as NodeJS.ErrnoException, (error as NodeJS.ErrnoException).path)
    } finally {
      deadline.clear()
    }
  }
}

/** Describes an error of the operating system in words, with its subject. Returns any other error unchanged. */
function readable(error: NodeJS.ErrnoException, subject: string | undefined): Error {
  if (error.errno === undefined) return error
  return new Error(`${subject === undefined ? '' : `${subject}: `}${reasonOf(error)}`, { cause: error })
}

function withPath(error: unknown, path: string): unknown {
  return error instanceof JsonError
    ? new Error(`${path}: the answer is not JSON: ${error.message}`, { cause: error })
    : error
}

function tooLarge(path: string, server: string): string {
  return `${path}: the answer is larger than ${LARGEST_WHOLE / 1024 / 1024} MiB; make sure that ${server} is a Kubernetes API server`
}

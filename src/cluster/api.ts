import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { JsonError } from '../json/parse.ts'
import { Projector, type ProjectorOptions } from '../json/projector.ts'
import { reasonOf } from '../system/reason.ts'
import { unlessAborted } from '../system/unless-aborted.ts'
import type { Connection } from './connection.ts'
import { Deadline } from './deadline.ts'
import { inTurns } from './turns.ts'

/**
 * Largest answer that is read whole, in bytes. By default, etcd stores at most 1.5 MiB for one object. The discovery of
 * a group with thousands of kinds is smaller than this.
 */
const LARGEST_WHOLE = 8 * 1024 * 1024

/** Timeout for credentials, in ms. A credential plugin of a kubeconfig may ask another server, or hang. */
const CREDENTIALS = 30_000

/** Timeout for the beginning of an answer, in ms. The API server's own limit for a request is 60 s. */
const ANSWER_BEGINS = 30_000

/** Longest pause in an answer, in ms. A watch has its own limit. */
const ANSWER_PAUSES = 30_000

/** Timeout for an answer that is read whole, in ms. */
const ANSWER_ENDS = 60_000

/** How much of an error answer is read for its reason, in bytes, and for how long, in ms. */
const BEGINNING = 4_096
const REASON_ENDS = 5_000

/** Idle time after which the operating system probes a connection, in ms, so that it detects a dead peer. */
const KEEP_ALIVE_PROBE = 15_000

/** The API server answered with an error status. */
export class ApiError extends Error {
  readonly status: number
  /** How long the server asks to wait before a retry, in ms. */
  readonly retryAfter: number | undefined

  constructor(path: string, status: number, reason: string, retryAfter?: number) {
    super(`${path}: HTTP ${status}${reason && `: ${reason}`}`)
    this.status = status
    this.retryAfter = retryAfter
  }
}

export interface RequestOptions {
  /** Whether the request opens a new connection: one that is already open may hang. */
  readonly ownConnection?: boolean
}

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

/** Client for one API server. It only reads. */
export class Api {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * Returns the JSON at `path`. Suits small answers: discovery, single objects.
   *
   * @throws ApiError for any status other than 200; Error if the answer does not arrive, is too large or is not JSON
   */
  async get(path: string, signal: AbortSignal): Promise<unknown> {
    const response = await this.#open(path, signal)
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
   * @returns the length of the answer, in bytes
   * @throws ApiError for any status other than 200; Error if the answer does not arrive or is not JSON; what a callback
   *   throws
   */
  async project(path: string, keep: ProjectorOptions, signal: AbortSignal, options?: RequestOptions): Promise<number> {
    const response = await this.#open(path, signal, options)
    const projector = new Projector(keep)
    let length = 0
    try {
      for await (const chunk of inTurns(chunks(response, path, ANSWER_PAUSES))) {
        length += chunk.length
        projector.push(chunk)
      }
      projector.end()
    } catch (error) {
      throw withPath(error, path)
    }
    return length
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
      for await (const chunk of inTurns(chunks(response, path, silence))) {
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

  async #open(path: string, signal: AbortSignal, { ownConnection = false } = {}): Promise<IncomingMessage> {
    const options = await this.#credentials(path, signal, ownConnection).catch((error) => {
      throw readable(error, error.path)
    })
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const request = https.get(`${this.#connection.server}${path}`, { ...options, signal }, resolve)
    request.on('error', (error) => reject(readable(error, this.#connection.server)))
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_PROBE))
    // The socket's own timeout does not suit: each interim answer (1xx) restarts it.
    const late = setTimeout(
      () => request.destroy(new Error(`${path}: no answer in ${ANSWER_BEGINS} ms`)),
      ANSWER_BEGINS,
    )
    const response = await promise.finally(() => clearTimeout(late))
    if (response.statusCode === 200) return response
    throw await apiError(path, response)
  }

  async #credentials(path: string, signal: AbortSignal, ownConnection: boolean): Promise<https.RequestOptions> {
    signal.throwIfAborted()
    const missing = `${path}: no credentials (check the credential plugin of the kubeconfig)`
    const deadline = new Deadline(missing, CREDENTIALS, signal)
    try {
      return await unlessAborted(deadline.signal, this.#connection.requestOptions(ownConnection))
    } finally {
      deadline.clear()
    }
  }
}

/**
 * Yields the chunks of an answer, and closes it in the end.
 *
 * @throws Error after `silence` ms without a chunk, or after `longest` ms in total
 */
async function* chunks(
  response: IncomingMessage,
  path: string,
  silence: number,
  longest?: number,
): AsyncGenerator<Buffer> {
  // The socket's own timeout does not suit: the socket outlives the response.
  const silent = setTimeout(() => response.destroy(new Error(`${path}: no data for ${silence} ms`)), silence)
  const giveUp = () => response.destroy(new Error(`${path}: the answer did not end within ${longest} ms`))
  const late = longest === undefined ? undefined : setTimeout(giveUp, longest)
  try {
    for await (const chunk of response) {
      silent.refresh()
      yield chunk
    }
  } finally {
    clearTimeout(silent)
    clearTimeout(late)
    response.destroy()
  }
}

async function apiError(path: string, response: IncomingMessage): Promise<ApiError> {
  // The body may be a Status, plain text or anything else: its beginning is enough.
  let body = Buffer.alloc(0)
  try {
    for await (const chunk of chunks(response, path, REASON_ENDS, REASON_ENDS)) {
      body = Buffer.concat([body, chunk])
      if (body.length >= BEGINNING) break
    }
  } catch {
    // The status code is already known.
  }
  const seconds = Number(response.headers['retry-after'])
  const retryAfter = seconds > 0 ? seconds * 1_000 : undefined
  return new ApiError(path, response.statusCode ?? 0, messageIn(body.toString('utf8', 0, BEGINNING)), retryAfter)
}

function messageIn(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    if (typeof message === 'string') return message
  } catch {
    // The body is not a Status: return its text.
  }
  return body.trim().slice(0, 200)
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

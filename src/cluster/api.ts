import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { unlessAborted } from '../admission/unless-aborted.ts'
import { JsonError } from '../json/parse.ts'
import { Projector, type ProjectorOptions } from '../json/projector.ts'
import { reasonOf } from '../system/reason.ts'
import type { Connection } from './connection.ts'
import { Deadline } from './deadline.ts'
import { inTurns } from './turns.ts'

/**
 * Largest answer taken whole, in bytes: a single object has 1.5 MiB at most in etcd as it comes, and the discovery of a
 * group with thousands of kinds less than this.
 */
const LARGEST_WHOLE = 8 * 1024 * 1024

/** How long credentials may take, in ms: a plugin of a kubeconfig may ask another server for them, or hang. */
const CREDENTIALS = 30_000

/** How long the API server may take to begin an answer, in ms; its own limit for a request is 60 s. */
const ANSWER_BEGINS = 30_000

/** How long an answer may pause, in ms; that of a watch has a limit of its own. */
const ANSWER_PAUSES = 30_000

/** How long an answer that is taken whole may take, in ms, whether it pauses or not. */
const ANSWER_ENDS = 60_000

/** Bytes of an answer that is no success which are read for its reason, and for how long, in ms. */
const BEGINNING = 4_096
const REASON_ENDS = 5_000

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

export interface RequestOptions {
  /** Whether the request gets a new connection: one that was used before may hang where a new one works. */
  readonly ownConnection?: boolean
}

/** How a watch is read: what is kept of each event, at most how many bytes of it, and how long it may be silent, in ms. */
export interface StreamOptions extends Pick<ProjectorOptions, 'shape' | 'most'> {
  readonly silence: number
  /** Called when the answer begins. */
  readonly opened?: () => void
}

/** What is kept of an event of a watch, and whether nothing was dropped for its size. */
export interface StreamedEvent {
  readonly event: unknown
  readonly whole: boolean
}

/** Reads from one API server. */
export class Api {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * The JSON at `path`, for answers that are small: discovery, single objects.
   *
   * @throws ApiError for any status but 200; Error if the answer does not arrive, is too large or is no JSON
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
      throw new Error(`${path}: the answer is no JSON`, { cause: error })
    }
  }

  /**
   * Hands out what is kept of the JSON at `path`, of any size, as it arrives. A failure may come after much of it.
   *
   * @returns the length of the answer, in bytes
   * @throws ApiError for any status but 200; Error if the answer does not arrive or is no JSON; what a taker throws
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
      throw named(error, path)
    }
    return length
  }

  /**
   * What is kept of the events that a watch at `path` sends, until the server ends it.
   *
   * @throws ApiError for any status but 200; Error if the connection breaks, falls silent or sends something else
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
          // Those that came before something else count.
          const complete = events
          events = []
          yield* complete
        }
      }
      projector.end()
    } catch (error) {
      throw named(error, path)
    }
  }

  async #open(path: string, signal: AbortSignal, { ownConnection = false } = {}): Promise<IncomingMessage> {
    const options = await this.#credentials(path, signal, ownConnection).catch((error) => {
      throw inWords(error, error.path)
    })
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const request = https.get(`${this.#connection.server}${path}`, { ...options, signal }, resolve)
    request.on('error', (error) => reject(inWords(error, this.#connection.server)))
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_PROBE))
    // Not the socket's own timeout, which interim answers (1xx) would put off for ever.
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
    const deadline = new Deadline(`${path}: no credentials (check the plugin of the kubeconfig)`, CREDENTIALS, signal)
    try {
      return await unlessAborted(deadline.signal, this.#connection.requestOptions(ownConnection))
    } finally {
      deadline.clear()
    }
  }
}

/**
 * The chunks of an answer; it is given up after `silence` ms without one, or `longest` ms in all, and closed however
 * reading ends.
 */
async function* chunks(
  response: IncomingMessage,
  path: string,
  silence: number,
  longest?: number,
): AsyncGenerator<Buffer> {
  // Not the socket's own timeout: the socket outlives the response, and is taken from it when that ends.
  const silent = setTimeout(() => response.destroy(new Error(`${path}: silent for ${silence} ms`)), silence)
  const over = () => response.destroy(new Error(`${path}: not over after ${longest} ms`))
  const late = longest === undefined ? undefined : setTimeout(over, longest)
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
  // A Status, a plain text or something else entirely: its beginning says enough.
  let body = Buffer.alloc(0)
  try {
    for await (const chunk of chunks(response, path, REASON_ENDS, REASON_ENDS)) {
      body = Buffer.concat([body, chunk])
      if (body.length >= BEGINNING) break
    }
  } catch {
    // The status is known all the same.
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
    // Not a Status: shown as it is.
  }
  return body.trim().slice(0, 200)
}

/** An error of the operating system in words, with what it is about; any other one as it is. */
function inWords(error: NodeJS.ErrnoException, subject: string | undefined): Error {
  if (error.errno === undefined) return error
  return new Error(`${subject === undefined ? '' : `${subject}: `}${reasonOf(error)}`, { cause: error })
}

function named(error: unknown, path: string): unknown {
  return error instanceof JsonError
    ? new Error(`${path}: the answer is no JSON: ${error.message}`, { cause: error })
    : error
}

function tooLarge(path: string, server: string): string {
  return `${path}: the answer is larger than ${LARGEST_WHOLE / 1024 / 1024} MiB; make sure that ${server} is a Kubernetes API server`
}

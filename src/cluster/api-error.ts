import type { IncomingMessage } from 'node:http'
import { chunks } from './chunks.ts'

/** How much of an error answer is read for its reason, in bytes, and for how long, in ms. */
const BEGINNING = 4_096
const REASON_ENDS = 5_000

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

/** Reads the reason of an error answer. */
export async function apiError(path: string, response: IncomingMessage): Promise<ApiError> {
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

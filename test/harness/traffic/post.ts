import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'

/** What came back over HTTP, whatever its status. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface PostOptions extends Pick<https.RequestOptions, 'agent' | 'ca' | 'signal'> {
  /** In place of the content type of reviews. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the body is sent again if a kept connection turns out to be closed, as Go’s client does. */
  readonly again?: boolean
}

/**
 * Posts a review, or another body, as an API server does.
 *
 * @param url the server's, with a path and perhaps `?timeout=5s`
 * @throws Error if the connection ends before there is a whole answer
 */
export async function post(url: string, body: string | Buffer, options: PostOptions = {}): Promise<Answer> {
  const { headers = { 'content-type': 'application/json' }, again = false, ...connection } = options
  const request = https.request(url, { method: 'POST', headers, ...connection })
  // The server may answer and close the connection before it has read all.
  request.on('error', () => {})
  request.end(body)
  try {
    const [response] = await once(request, 'response')
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  } catch (error) {
    const isClosed = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
    if (again && isClosed) return post(url, body, options)
    throw error
  }
}

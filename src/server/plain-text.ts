import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { visible } from '../wording/quote.ts'
import { hasBody } from './connections.ts'

const TYPE = 'text/plain; charset=utf-8'

/** Answers a request with a status and a line of text, which may repeat a part of the request. */
export function plainText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type(TYPE).send(visible(text))
}

/** Answers a request whose path cannot be decoded. Fastify calls no hook for it. */
export function refusePath(_error: Error, { raw }: FastifyRequest, { raw: response }: FastifyReply): void {
  dropRest(raw, response)
  const text = 'the path of the request cannot be decoded'
  response.writeHead(400, { 'content-type': TYPE, 'content-length': text.length }).end(text)
}

/** Answers bytes that the HTTP parser refuses, and closes their connection. */
export function refuseBytes({ code }: Error & { code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, text] =
    code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'the head of the request is too long']
      : [400, 'the request is not valid in HTTP/1.1']
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, `content-type: ${TYPE}`, `content-length: ${text.length}`]
  socket.end(`${[...head, 'connection: close'].join('\r\n')}\r\n\r\n${text}`, () => socket.destroy())
}

/** The unread rest of a body would stay in memory, so it is read and dropped until the connection closes. */
export function dropRest(request: IncomingMessage, response: ServerResponse): void {
  if (!hasBody(request) || request.complete) return
  response.setHeader('connection', 'close')
  request.resume()
}

import { once } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { Transform } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { issueAuthority, issueServer } from '../../../src/certificates/issue.ts'
import { A_DAY } from '../validities.ts'

/** An answer that the API server did not give. */
export interface Scripted {
  readonly status: number
  readonly headers?: OutgoingHttpHeaders
  readonly body: string
}

/**
 * What becomes of a request that the proxy does not answer: it is never answered, its connection breaks before the API
 * server has it or before its answer is passed on, or it waits before it is passed on.
 */
export type Fault = 'hang' | 'break' | 'lose' | { readonly waitsFor: Promise<unknown> }

/** A proxy between refgrant and an API server that holds watches back, and answers some requests by itself. */
export interface ReverseProxy {
  readonly server: string
  /** PEM that the proxy's certificate is verified with. */
  readonly ca: string
  /** Lists of one namespace that have passed. */
  lists(): number
  /** Does from now on what the script says for a path; gives the number of requests for which it says something. */
  script(script: Script): () => number
  /** Holds back what watches say, until the function that it gives is called. */
  hold(): () => void
  /** Breaks every connection; new ones work. */
  cut(): void
  close(): Promise<void>
}

/** What happens to a request; undefined if it is passed on. */
export type Script = (path: string, method: string) => Scripted | Fault | undefined

/** Passes everything on to `upstream`; what a watch says comes `delay` ms late. */
export async function startReverseProxy(upstream: { server: string; ca: string }, delay = 0): Promise<ReverseProxy> {
  const authority = issueAuthority('proxy', A_DAY)
  const agent = new https.Agent({ ca: upstream.ca, keepAlive: true })
  let lists = 0
  let scripted: Script = () => undefined
  let pass = () => wait<void>(delay)
  // An idle connection that is closed here can lose a request that is on its way.
  const proxy = https.createServer(
    { ...issueServer(authority, ['127.0.0.1'], A_DAY), keepAliveTimeout: 0 },
    async (request, response) => {
      const isWatch = request.url?.includes('watch=1')
      if (!isWatch && request.url?.includes('/namespaces/')) lists += 1
      const answer = scripted(request.url ?? '', request.method ?? '')
      if (answer === 'hang') return
      if (answer === 'break') return void request.socket.destroy()
      if (typeof answer === 'object' && 'waitsFor' in answer) await answer.waitsFor
      else if (typeof answer === 'object')
        return void response.writeHead(answer.status, answer.headers).end(answer.body)
      const { method, headers } = request
      const passed = https.request(`${upstream.server}${request.url}`, { method, headers, agent }, (passing) => {
        if (answer === 'lose') return void passing.resume().on('end', () => request.socket.destroy())
        response.writeHead(passing.statusCode ?? 502, passing.headers)
        if (isWatch) {
          response.flushHeaders()
          passing.pipe(late(() => pass())).pipe(response)
        } else passing.pipe(response)
      })
      passed.on('error', () => response.destroy())
      response.on('close', () => passed.destroy())
      request.pipe(passed)
    },
  )
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    server: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    ca: authority.cert,
    lists: () => lists,
    script(script) {
      let answers = 0
      scripted = (path, method) => {
        const answer = script(path, method)
        if (answer) answers += 1
        return answer
      }
      return () => answers
    },
    hold() {
      const usual = pass
      const { promise, resolve } = Promise.withResolvers<void>()
      pass = () => promise
      return () => {
        pass = usual
        resolve()
      }
    },
    cut: () => proxy.closeAllConnections(),
    async close() {
      proxy.closeAllConnections()
      proxy.close()
      agent.destroy()
    },
  }
}

/** Passes each chunk on when it may pass, and after those before it. */
function late(pass: () => Promise<void>): Transform {
  let last = Promise.resolve()
  return new Transform({
    highWaterMark: 1024 * 1024,
    transform(chunk, _encoding, done) {
      last = Promise.all([pass(), last]).then(() => void this.push(chunk))
      done()
    },
    flush(done) {
      void last.then(() => done())
    },
  })
}

import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { Transform } from 'node:stream'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'

/** A proxy between refgrant and an API server that holds watches back. */
export interface ReverseProxy {
  readonly server: string
  /** PEM that the proxy's certificate is verified with. */
  readonly ca: string
  /** Lists of one namespace that have passed. */
  lists(): number
  close(): Promise<void>
}

/** Passes everything on to `upstream`; what a watch says comes `delay` ms late. */
export async function startReverseProxy(
  upstream: { server: string; ca: string },
  delay: number,
): Promise<ReverseProxy> {
  const authority = issueAuthority('proxy', 1)
  const agent = new https.Agent({ ca: upstream.ca, keepAlive: true })
  let lists = 0
  const proxy = https.createServer(issueServer(authority, ['127.0.0.1'], 1), (request, response) => {
    const isWatch = request.url?.includes('watch=1')
    if (!isWatch && request.url?.includes('/namespaces/')) lists += 1
    const { method, headers } = request
    const passed = https.request(`${upstream.server}${request.url}`, { method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      if (isWatch) {
        response.flushHeaders()
        answer.pipe(late(delay)).pipe(response)
      } else answer.pipe(response)
    })
    passed.on('error', () => response.destroy())
    response.on('close', () => passed.destroy())
    request.pipe(passed)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    server: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    ca: authority.cert,
    lists: () => lists,
    async close() {
      proxy.closeAllConnections()
      proxy.close()
      agent.destroy()
    },
  }
}

function late(delay: number): Transform {
  return new Transform({
    highWaterMark: 1024 * 1024,
    transform(chunk, _encoding, done) {
      setTimeout(() => this.push(chunk), delay)
      done()
    },
    flush(done) {
      setTimeout(done, delay + 1)
    },
  })
}

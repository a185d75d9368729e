import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { TLSSocket } from 'node:tls'
import { issueAuthority, issueServer } from '../../../src/certificates/issue.ts'
import { newFolder } from '../folders.ts'
import { A_DAY } from '../validities.ts'

/** The group that grants belong to. */
const GROUP = 'gateway.networking.k8s.io'

/** How long a test waits for a request, in ms, before it fails. */
const PATIENCE = 60_000

/** The API path of grants: of all, or of one namespace. */
export function grantsPath(version: string, namespace?: string): string {
  return `/apis/${GROUP}/${version}/${namespace === undefined ? '' : `namespaces/${namespace}/`}referencegrants`
}

/** A request to an API server, and its answer, which the test gives. */
export class Exchange {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Common name of the certificate that the client showed, if it did. */
  readonly clientName: string | undefined
  /** The client's port, which tells connections apart. */
  readonly clientPort: number | undefined
  readonly #response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.path = request.url ?? ''
    this.headers = request.headers
    this.clientName = (request.socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined
    this.clientPort = request.socket.remotePort
    this.#response = response
  }

  /** A whole answer. */
  answer(body: unknown, status = 200, headers: OutgoingHttpHeaders = {}): void {
    this.#response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }

  /** An answer that is no success, as the API server words it. */
  refuse(code: number, headers?: OutgoingHttpHeaders): void {
    this.answer({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'as scripted', code }, code, headers)
  }

  /** Part of an answer; more may follow. */
  write(part: string | Buffer): this {
    this.#response.write(part)
    return this
  }

  /** Part of an answer, once it is on its way. */
  async written(part: Buffer): Promise<void> {
    await new Promise((resolve) => this.#response.write(part, resolve))
  }

  /** The head of an answer whose parts follow. */
  begin(status: number): this {
    this.#response.writeHead(status)
    return this
  }

  /** Events of a watch; more may follow. */
  send(...events: readonly object[]): this {
    return this.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  }

  /** Parts of an answer, each made when the one before is on its way; ends early where the client leaves. */
  async stream(parts: Iterable<string>): Promise<this> {
    const left = once(this.#response, 'close')
    for (const part of parts) {
      if (this.#response.destroyed) break
      if (!this.#response.write(part)) await Promise.race([once(this.#response, 'drain'), left])
    }
    return this
  }

  /** Ends the answer in good order. */
  end(): void {
    this.#response.end()
  }

  /** Breaks the connection before an answer begins. */
  drop(): void {
    this.#response.socket?.destroy()
  }

  /** Breaks the connection once what was written is on its way. */
  cut(): void {
    const { socket } = this.#response
    this.#response.write('', () => socket?.destroy())
  }
}

/**
 * An API server that says only what a test makes it say: each request waits until the test answers it. It streams no
 * lists unless it is told to.
 */
export class FakeApiServer {
  /** Answers each request at once, in place of a test that takes one after the other. */
  respond: ((exchange: Exchange) => unknown) | undefined
  /** Whether a streamed list waits for the test's answer too, and is not refused. */
  streams = false
  /** The paths asked for so far. */
  readonly asked: string[] = []
  /** PEM that the server's certificate is verified with. */
  readonly ca: string
  /** A folder that lives as long as the server. */
  readonly folder = newFolder()
  readonly #server: https.Server
  readonly #exchanges: Exchange[] = []
  readonly #arrivals = new EventEmitter()

  private constructor() {
    const authority = issueAuthority('fake API server', A_DAY)
    this.ca = authority.cert
    // A client's certificate is asked for and believed: who it names is for the test to judge.
    // An idle connection that is closed here can lose a request that is on its way.
    const server = { ...issueServer(authority, ['127.0.0.1'], A_DAY), keepAliveTimeout: 0 }
    const options = { ...server, requestCert: true, rejectUnauthorized: false }
    this.#server = https.createServer(options, (request, response) => {
      const exchange = new Exchange(request, response)
      if (!this.streams && exchange.path.includes('sendInitialEvents')) return exchange.refuse(422)
      this.asked.push(exchange.path)
      if (this.respond) return void this.respond(exchange)
      this.#exchanges.push(exchange)
      this.#arrivals.emit('exchange')
    })
  }

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer()
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  get address(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Writes a file into the server's folder and gives its path. */
  file(name: string, content: string): string {
    const place = path.join(this.folder, name)
    mkdirSync(path.dirname(place), { recursive: true })
    writeFileSync(place, content)
    return place
  }

  /** Writes a kubeconfig for this server and gives its path: each user has a context of the same name; the first counts. */
  kubeconfig(users: Record<string, object> = { tester: { token: 'secret' } }, name = 'kubeconfig'): string {
    const cluster = { server: this.address, 'certificate-authority-data': Buffer.from(this.ca).toString('base64') }
    const names = Object.keys(users)
    const config = {
      clusters: [{ name: 'fake', cluster }],
      users: Object.entries(users).map(([name, user]) => ({ name, user })),
      contexts: names.map((name) => ({ name, context: { cluster: 'fake', user: name } })),
      'current-context': names[0],
    }
    return this.file(name, JSON.stringify(config))
  }

  /** The oldest request that no test has taken yet; `title` says what is waited for. */
  async next(title = 'any request'): Promise<Exchange> {
    const signal = AbortSignal.timeout(PATIENCE)
    while (this.#exchanges.length === 0) {
      await once(this.#arrivals, 'exchange', { signal }).catch(() => {
        throw new Error(`waited ${PATIENCE} ms in vain for ${title}`)
      })
    }
    return this.#exchanges.shift() as Exchange
  }

  /** The next request, which must be for this path. */
  async expect(path: string): Promise<Exchange> {
    const exchange = await this.next(path)
    assert.equal(exchange.path, path)
    return exchange
  }

  /** Answers one discovery: the resources of each version of the group, the best version first. */
  async discover(versions: Record<string, readonly string[]>): Promise<void> {
    const served = Object.keys(versions).map((version) => ({ groupVersion: `${GROUP}/${version}`, version }))
    const groups = [{ name: 'apps', versions: [{ groupVersion: 'apps/v1', version: 'v1' }] }]
    const all = served.length === 0 ? groups : [...groups, { name: GROUP, versions: served }]
    ;(await this.expect('/apis')).answer({ kind: 'APIGroupList', groups: all })
    for (const [version, resources] of Object.entries(versions)) {
      const exchange = await this.expect(`/apis/${GROUP}/${version}`)
      exchange.answer({ kind: 'APIResourceList', resources: resources.map((name) => ({ name })) })
      if (resources.includes('referencegrants')) return
    }
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
    rmSync(this.folder, { recursive: true })
  }
}

/** A ReferenceGrant as the API server holds it: of namespace billing, to one Service. */
export function storedGrant(name: string, target: string, resourceVersion: string): object {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'ReferenceGrant',
    metadata: { namespace: 'billing', name, resourceVersion },
    spec: {
      from: [{ group: GROUP, kind: 'HTTPRoute', namespace: 'shop' }],
      to: [{ group: '', kind: 'Service', name: target }],
    },
  }
}

/** One page of a list. */
export function grantPage(resourceVersion: string, items: readonly object[], next?: string): object {
  return { kind: 'ReferenceGrantList', metadata: { resourceVersion, continue: next }, items }
}

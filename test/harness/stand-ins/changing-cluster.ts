import { EventEmitter, once } from 'node:events'
import type { StreamedEvent, StreamOptions } from '../../../src/cluster/api.ts'
import { ApiError } from '../../../src/cluster/api-error.ts'
import { Projector, type ProjectorOptions } from '../../../src/json/projector.ts'
import { grantPage, storedGrant } from './fake-api-server.ts'
import { GrantHistory } from './grant-history.ts'

const NAME = 'gateway.networking.k8s.io'
const GROUP = `/apis/${NAME}`

/** Items of a page, few so that lists have several. */
const PAGE = 2

/** The target of grants that are too large to keep. */
export const LARGE = 'large'

/** What happens to a cluster, or between it and who watches it. */
export type Step =
  | { readonly what: 'write'; readonly name: string; readonly target: string }
  | { readonly what: 'delete'; readonly name: string }
  /** etcd forgets all versions but the newest. */
  | { readonly what: 'compact' }
  | { readonly what: 'bookmark' }
  /** The connection breaks, or a watch ends in good order. */
  | { readonly what: 'cut' | 'end' }
  /** The next requests fail; or are answered as by an API server that starts, which does not know its CRDs yet. */
  | { readonly what: 'fail' | 'start'; readonly times: number }
  | { readonly what: 'uninstall' | 'install' }
  /** The API server begins to stream lists, or ends it. */
  | { readonly what: 'stream'; readonly streams: boolean }
  | { readonly what: 'wait'; readonly milliseconds: number }
  /** All faults end. */
  | { readonly what: 'repair' }

/** A watch: how much had happened when it began, and until when it was asked to last, in ms. */
interface Line {
  readonly cuts: number
  readonly ends: number
  readonly bookmarks: number
  readonly until: number
}

/** Lists and watches of a cluster whose ReferenceGrants change: in memory, for as many runs as a property needs. */
export class ChangingCluster {
  /** A monotonic clock, in ms. */
  now = 1_000_000
  readonly history = new GrantHistory()
  readonly #repeats: number
  readonly #steps = new EventEmitter().setMaxListeners(0)
  #forgotten = 0
  #failures = 0
  #starting = 0
  #served = true
  #streams = true
  /** How often connections were broken; when watches were ended, and bookmarks sent of which versions. */
  #cuts = 0
  readonly #ends: number[] = []
  readonly #bookmarks: { readonly at: number; readonly version: number }[] = []
  #lag: number

  /**
   * @param repeats how many of the events before its version a watch begins with, again
   * @param lag how late whatever the API server sends arrives, in ms
   */
  constructor(repeats: number, lag: number) {
    this.#repeats = repeats
    this.#lag = lag
  }

  take(step: Step): void {
    switch (step.what) {
      case 'write':
        if (this.#served) this.history.write(step.name, step.target, this.now)
        break
      case 'delete':
        this.history.delete(step.name, this.now)
        break
      case 'compact':
        this.#forgotten = this.history.version
        break
      case 'bookmark':
        this.#bookmarks.push({ at: this.now, version: this.history.version })
        break
      case 'cut':
        this.#cuts += 1
        break
      case 'end':
        this.#ends.push(this.now)
        break
      case 'fail':
        this.#failures = step.times
        break
      case 'start':
        this.#starting = step.times
        break
      case 'uninstall':
        this.#uninstall()
        break
      case 'stream':
        this.#streams = step.streams
        break
      case 'wait':
        this.now += step.milliseconds
        break
      case 'repair':
        this.#failures = 0
        this.#starting = 0
        this.#lag = 0
        break
      case 'install':
        this.#served = true
    }
    this.#steps.emit('step')
  }

  /** What the API answers to a GET. Named as the client's method, whose place this takes. */
  async get(path: string, signal: AbortSignal): Promise<unknown> {
    await this.#passes(path)
    const begun = this.now
    const answer = this.#answer(path)
    await this.#arrives(begun, signal)
    return answer
  }

  #answer(path: string): unknown {
    const starting = this.#starting > 0
    if (starting) this.#starting -= 1
    const versions = this.#served && !starting ? [{ version: 'v1' }] : []
    if (path === '/apis') return { groups: versions.length > 0 ? [{ name: NAME, versions }] : [] }
    if (starting) throw new ApiError(path, 503, 'as scripted')
    this.#mustServe(path)
    if (path === GROUP) return { versions }
    if (path === `${GROUP}/v1`) return { resources: [{ name: 'referencegrants', kind: 'ReferenceGrant' }] }
    if (path === `${GROUP}/v1/referencegrants?limit=1`) return this.#page(path)
    throw new ApiError(path, 404, 'not found')
  }

  /** What is kept of a page of a list. Named as the client's method, whose place this takes. */
  async project(path: string, keep: ProjectorOptions, signal: AbortSignal): Promise<number> {
    await this.#passes(path)
    this.#mustServe(path)
    const begun = this.now
    const page = this.#page(path)
    await this.#arrives(begun, signal)
    const element = (item: unknown, whole: boolean) => keep.element?.(...keptOf(item, whole))
    return project(page, { ...keep, element } as ProjectorOptions)
  }

  /** What is kept of the events of a watch. Named as the client's method, whose place this takes. */
  async *stream(path: string, keep: StreamOptions, signal: AbortSignal): AsyncGenerator<StreamedEvent> {
    const streamed: StreamedEvent[] = []
    const document = (event: unknown, whole: boolean) => {
      const { type, object } = event as { type: string; object: unknown }
      const [kept, all] = keptOf(object, whole)
      streamed.push({ event: { type, object: kept }, whole: all })
    }
    for await (const event of this.#watch(path, signal)) {
      project(event, { ...keep, document })
      yield* streamed.splice(0)
    }
  }

  async *#watch(path: string, signal: AbortSignal): AsyncGenerator<unknown> {
    const query = new URLSearchParams(path.split('?')[1])
    const until = this.now + Number(query.get('timeoutSeconds')) * 1_000
    const line: Line = { cuts: this.#cuts, ends: this.#ends.length, bookmarks: this.#bookmarks.length, until }
    await this.#passes(path)
    this.#mustServe(path)
    const streams = query.has('sendInitialEvents')
    const from = streams ? this.history.version : Number(query.get('resourceVersion'))
    if (streams) yield* this.#streamed(path, line, signal)
    else if (from < this.#forgotten) throw new ApiError(path, 410, 'too old resource version')
    else yield* this.history.before(from, this.#repeats).map(eventOf)
    yield* this.#changes(path, from, line, signal)
  }

  async *#streamed(path: string, line: Line, signal: AbortSignal): AsyncGenerator<unknown> {
    if (!this.#streams) throw new ApiError(path, 422, 'sendInitialEvents is forbidden')
    const { version } = this.history
    const at = this.now
    const listed = [...this.history.content].reverse()
    await this.#arrives(at, signal)
    for (const [name, target] of listed) {
      await this.#passes(path, line)
      yield eventOf({ version, at, type: 'ADDED', name, target })
    }
    await this.#passes(path, line)
    yield bookmarkAt(version, { 'k8s.io/initial-events-end': 'true' })
  }

  async *#changes(path: string, from: number, line: Line, signal: AbortSignal): AsyncGenerator<unknown> {
    let version = from
    let { bookmarks } = line
    for (;;) {
      await this.#passes(path, line)
      const end = this.#endOf(line)
      const arrived = Math.min(this.now - this.#lag, end)
      const next = this.history.after(version)
      const bookmark = this.#bookmarks[bookmarks]
      if (next && next.at <= arrived && version < this.#forgotten) {
        yield { type: 'ERROR', object: { metadata: {}, code: 410, message: 'too old resource version' } }
      } else if (next && next.at <= arrived) {
        yield eventOf(next)
        version = next.version
      } else if (bookmark && bookmark.at <= arrived) {
        bookmarks += 1
        if (bookmark.version < version) continue
        version = bookmark.version
        yield bookmarkAt(version)
      } else if (end <= arrived) return
      else await once(this.#steps, 'step', { signal })
    }
  }

  /** When a watch is ended. If events are late, no watch ends early, since it would look like an end in time. */
  #endOf({ ends, until }: Line): number {
    return this.#ends.slice(ends).find((end) => this.#lag === 0 || end >= until) ?? Infinity
  }

  /** What was sent at this moment has arrived. */
  async #arrives(sent: number, signal: AbortSignal): Promise<void> {
    while (this.now < sent + this.#lag) await once(this.#steps, 'step', { signal })
  }

  #uninstall(): void {
    this.#served = false
    for (const name of [...this.history.content.keys()]) this.history.delete(name, this.now)
    this.#cuts += 1
    // Watches of what is installed later know nothing from before.
    this.#forgotten = this.history.pass()
  }

  #page(path: string): object {
    const [, version = this.history.version, from = 0] = /continue=(\d+)-(\d+)/.exec(path)?.map(Number) ?? []
    if (version !== this.history.version && version < this.#forgotten)
      throw new ApiError(path, 410, 'the token has expired')
    const all = [...this.history.at(version)]
    const items = all.slice(from, from + PAGE).map(([name, target]) => storedGrant(name, target, `${version}`))
    const next = from + PAGE < all.length ? `${version}-${from + PAGE}` : undefined
    return grantPage(`${version}`, items, next)
  }

  /** One turn for the network; throws if the request is to fail, or its connection was broken. */
  async #passes(path: string, line?: { readonly cuts: number }): Promise<void> {
    const { cuts } = line ?? { cuts: this.#cuts }
    await Promise.resolve()
    if (!line && this.#failures > 0) {
      this.#failures -= 1
      throw new ApiError(path, 500, 'as scripted')
    }
    if (this.#cuts > cuts) throw new Error('the connection broke')
  }

  #mustServe(path: string): void {
    if (!this.#served) throw new ApiError(path, 404, 'not found')
  }
}

function project(body: unknown, keep: ProjectorOptions): number {
  const text = Buffer.from(JSON.stringify(body))
  const projector = new Projector(keep)
  projector.push(text)
  projector.end()
  return text.length
}

/** What is kept of an object, and whether that is all. */
function keptOf(object: unknown, whole: boolean): [kept: unknown, whole: boolean] {
  const { metadata, spec } = object as { metadata: unknown; spec?: { to: { name: string }[] } }
  return spec?.to[0]?.name === LARGE ? [{ metadata }, false] : [object, whole]
}

const eventOf = ({ version, type, name, target }: NonNullable<ReturnType<GrantHistory['after']>>) => ({
  type,
  object: storedGrant(name, target, `${version}`),
})

const bookmarkAt = (version: number, annotations: Record<string, string> = {}) => ({
  type: 'BOOKMARK',
  object: { kind: 'ReferenceGrant', metadata: { resourceVersion: `${version}`, annotations } },
})

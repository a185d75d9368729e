import { EventEmitter, once } from 'node:events'
import fc from 'fast-check'
import { ApiError, type StreamedEvent, type StreamOptions } from '../../src/cluster/api.ts'
import { Projector, type ProjectorOptions } from '../../src/json/projector.ts'
import { grantPage, storedGrant } from './fake-api-server.ts'

const GROUP = 'gateway.networking.k8s.io'

/** Items of a page, few so that lists have several. */
const PAGE = 2

/** What happens to a cluster, or between it and who watches it. */
export type Step =
  | { readonly what: 'write'; readonly name: string; readonly target: string }
  | { readonly what: 'delete'; readonly name: string }
  /** etcd forgets all versions but the newest. */
  | { readonly what: 'compact' }
  | { readonly what: 'bookmark' }
  /** The connection breaks, or a watch ends in good order. */
  | { readonly what: 'cut' | 'end' }
  /** The next requests fail. */
  | { readonly what: 'fail'; readonly times: number }
  | { readonly what: 'uninstall' | 'install' }
  /** The API server begins to stream lists, or ends it. */
  | { readonly what: 'stream'; readonly streams: boolean }
  | { readonly what: 'wait'; readonly milliseconds: number }
  /** All faults end. */
  | { readonly what: 'mend' }

const names = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const write = fc.record({ what: fc.constant('write' as const), name: names, target: fc.constantFrom('x', 'y', 'z') })

/** Any step, each as often as lets all kinds of lists and of ends come about. */
export const stepOf: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: write, weight: 10 },
  { arbitrary: fc.record({ what: fc.constant('delete' as const), name: names }), weight: 6 },
  { arbitrary: what('cut', 'end', 'compact', 'bookmark'), weight: 10 },
  {
    arbitrary: fc.record({ what: fc.constant('fail' as const), times: fc.integer({ min: 1, max: 3 }) }),
    weight: 2,
  },
  { arbitrary: what('install', 'install', 'install', 'uninstall'), weight: 2 },
  { arbitrary: fc.record({ what: fc.constant('stream' as const), streams: fc.boolean() }), weight: 1 },
  {
    arbitrary: fc.record({ what: fc.constant('wait' as const), milliseconds: fc.constantFrom(500, 10_000, 61_000) }),
    weight: 6,
  },
)

function what<W extends string>(...all: readonly W[]): fc.Arbitrary<{ what: W }> {
  return fc.record({ what: fc.constantFrom(...all) })
}

interface Change {
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly name: string
  readonly target: string
}

type Content = Readonly<Record<string, string>>

/** Lists and watches of a cluster whose ReferenceGrants change: in memory, for as many runs as a property needs. */
export class ChangingCluster {
  /** A monotonic clock, in ms. */
  now = 1_000_000
  readonly #repeats: number
  readonly #steps = new EventEmitter().setMaxListeners(0)
  readonly #grants = new Map<string, string>()
  readonly #changes: Change[] = []
  readonly #past = new Set([keyOf({})])
  #version = 1
  #forgotten = 0
  #failures = 0
  #served = true
  #streams = true
  /** How often connections were broken, and watches ended, and a bookmark was sent. */
  #cuts = 0
  #ends = 0
  #bookmarks = 0

  /** @param repeats how many of the events before its version a watch begins with, again */
  constructor(repeats: number) {
    this.#repeats = repeats
  }

  get content(): Content {
    return Object.fromEntries(this.#grants)
  }

  /** Whether the cluster held exactly this at some moment. */
  hasBeen(content: Readonly<Record<string, string | undefined>>): boolean {
    return this.#past.has(keyOf(content))
  }

  take(step: Step): void {
    switch (step.what) {
      case 'write':
        if (this.#served) this.#write(step.name, step.target)
        break
      case 'delete':
        this.#delete(step.name)
        break
      case 'compact':
        this.#forgotten = this.#version
        break
      case 'bookmark':
        this.#bookmarks += 1
        break
      case 'cut':
        this.#cuts += 1
        break
      case 'end':
        this.#ends += 1
        break
      case 'fail':
        this.#failures = step.times
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
      case 'mend':
        this.#failures = 0
        break
      case 'install':
        this.#served = true
    }
    this.#past.add(keyOf(this.content))
    this.#steps.emit('step')
  }

  /** What the API answers to a GET. Named as the client's method, whose place this takes. */
  async get(path: string): Promise<unknown> {
    await this.#passes(path)
    if (path === '/apis') {
      const versions = this.#served ? [{ version: 'v1' }] : []
      return { groups: [{ name: GROUP, versions }] }
    }
    this.#mustServe(path)
    return { resources: [{ name: 'referencegrants', kind: 'ReferenceGrant' }] }
  }

  /** What is kept of a page of a list. Named as the client's method, whose place this takes. */
  async project(path: string, keep: ProjectorOptions): Promise<number> {
    await this.#passes(path)
    this.#mustServe(path)
    return project(this.#page(path), keep)
  }

  /** What is kept of the events of a watch. Named as the client's method, whose place this takes. */
  async *stream(path: string, keep: StreamOptions): AsyncGenerator<StreamedEvent> {
    let streamed: StreamedEvent[] = []
    const document = (event: unknown, whole: boolean) => streamed.push({ event, whole })
    for await (const event of this.#watch(path)) {
      project(event, { ...keep, document })
      yield* streamed
      streamed = []
    }
  }

  async *#watch(path: string): AsyncGenerator<unknown> {
    const line = { cuts: this.#cuts, ends: this.#ends }
    await this.#passes(path)
    this.#mustServe(path)
    const query = new URLSearchParams(path.split('?')[1])
    let version = this.#version
    if (query.has('sendInitialEvents')) {
      if (!this.#streams) throw new ApiError(path, 422, 'sendInitialEvents is forbidden')
      const listed = [...this.#grants]
        .reverse()
        .map(([name, target]) => ({ version, type: 'ADDED', name, target }) as const)
      for (const change of listed) {
        await this.#passes(path, line)
        yield eventOf(change)
      }
      await this.#passes(path, line)
      yield bookmarkAt(version, { 'k8s.io/initial-events-end': 'true' })
    } else {
      version = Number(query.get('resourceVersion'))
      if (version < this.#forgotten) throw new ApiError(path, 410, 'too old resource version')
      const before = this.#changes.filter((change) => change.version <= version)
      yield* before.slice(before.length - Math.min(this.#repeats, before.length)).map(eventOf)
    }
    let bookmarks = this.#bookmarks
    for (;;) {
      await this.#passes(path, line)
      if (this.#ends > line.ends) return
      const next = this.#changes.find((change) => change.version > version)
      if (next && version < this.#forgotten) {
        yield { type: 'ERROR', object: { metadata: {}, code: 410, message: 'too old resource version' } }
      } else if (next) {
        yield eventOf(next)
        version = next.version
      } else if (this.#bookmarks > bookmarks) {
        bookmarks = this.#bookmarks
        version = this.#version
        yield bookmarkAt(version)
      } else await once(this.#steps, 'step')
    }
  }

  #write(name: string, target: string): void {
    const type = this.#grants.has(name) ? 'MODIFIED' : 'ADDED'
    this.#grants.set(name, target)
    this.#change(type, name, target)
  }

  #delete(name: string): void {
    const target = this.#grants.get(name)
    if (target === undefined) return
    this.#grants.delete(name)
    this.#change('DELETED', name, target)
  }

  #change(type: Change['type'], name: string, target: string): void {
    this.#version += 1
    this.#changes.push({ version: this.#version, type, name, target })
  }

  #uninstall(): void {
    this.#served = false
    for (const name of [...this.#grants.keys()]) this.#delete(name)
    this.#cuts += 1
    this.#version += 1
    // Watches of what is installed later know nothing from before.
    this.#forgotten = this.#version
  }

  #page(path: string): object {
    const [, version = this.#version, from = 0] = /continue=(\d+)-(\d+)/.exec(path)?.map(Number) ?? []
    if (version !== this.#version && version < this.#forgotten) throw new ApiError(path, 410, 'the token has expired')
    const all = [...this.#at(version)]
    const items = all.slice(from, from + PAGE).map(([name, target]) => storedGrant(name, target, `${version}`))
    const next = from + PAGE < all.length ? `${version}-${from + PAGE}` : undefined
    return grantPage(`${version}`, items, next)
  }

  /** The grants at a version that is not forgotten. */
  #at(version: number): Map<string, string> {
    const grants = new Map<string, string>()
    for (const { version: then, type, name, target } of this.#changes) {
      if (then > version) break
      if (type === 'DELETED') grants.delete(name)
      else grants.set(name, target)
    }
    return grants
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

const keyOf = (content: Readonly<Record<string, string | undefined>>) =>
  JSON.stringify(Object.entries(content).sort(([one], [other]) => one.localeCompare(other)))

const eventOf = ({ version, type, name, target }: Change) => ({ type, object: storedGrant(name, target, `${version}`) })

const bookmarkAt = (version: number, annotations: Record<string, string> = {}) => ({
  type: 'BOOKMARK',
  object: { kind: 'ReferenceGrant', metadata: { resourceVersion: `${version}`, annotations } },
})

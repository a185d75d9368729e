import { GROUP } from '../traffic/reviews.ts'
import { type Exchange, FakeApiServer } from './fake-api-server.ts'

/** Grants that are made when they are sent. */
export interface Grants {
  readonly count: number
  /** JSON of one. */
  readonly grant: (index: number) => string
}

/** What an API server says of its grants. */
export interface Content {
  /** The grants of a namespace, or of all; undefined if there is no answer. */
  readonly list: (namespace: string | undefined) => Grants | undefined
  /** What a watch says, as JSON lines, before it says nothing more; nothing by default. */
  readonly watch?: () => Iterable<string>
  /** JSON of the group's resources besides the grants; none by default. */
  readonly resources?: () => Iterable<string>
  /** Whether grants are served in the version that they have been; they are by default. */
  readonly served?: boolean
  /** Whether lists are streamed by a watch. */
  readonly streams?: boolean
  /** Whether a watch has bookmarks and ends at its time, so that no list has to prove that nothing was missed. */
  readonly bookmarks?: boolean
}

/** How long before its end a watch has its last bookmark, in ms: as with an API server. */
const LAST_BOOKMARK = 2_000

/** An API server whose content is made as it is sent, so that none of it is held, however large it is. */
export class GeneratedCluster {
  readonly #server: FakeApiServer
  readonly #watches: Exchange[] = []
  content: Content

  private constructor(server: FakeApiServer, content: Content) {
    this.#server = server
    this.content = content
    server.streams = true
    server.respond = (exchange) => this.#answer(exchange)
  }

  static async start(content: Content): Promise<GeneratedCluster> {
    return new GeneratedCluster(await FakeApiServer.start(), content)
  }

  /** What refgrant is told to take grants from. */
  get grants(): readonly string[] {
    return ['--kubeconfig', this.#server.kubeconfig()]
  }

  /** Ends the watches that say nothing, in good order; what is asked for next gets the content that there is now. */
  endWatches(): void {
    for (const exchange of this.#watches.splice(0)) exchange.end()
  }

  /** Sends a line by each watch that says nothing. */
  tell(line: string): void {
    for (const exchange of this.#watches) exchange.write(line)
  }

  /** Requests so far whose path holds this. */
  asked(part: string): number {
    return this.#server.asked.filter((path) => path.includes(part)).length
  }

  close(): void {
    this.#server.close()
  }

  async #answer(exchange: Exchange): Promise<void> {
    const [path = '', query] = exchange.path.split('?')
    const parameters = new URLSearchParams(query)
    if (path === '/apis') {
      exchange.answer({ groups: [{ name: GROUP, versions: [{ groupVersion: `${GROUP}/v1`, version: 'v1' }] }] })
    } else if (path === `/apis/${GROUP}/v1`) {
      await exchange.stream(this.#resources())
      exchange.end()
    } else if (!path.endsWith('/referencegrants') || this.content.served === false) exchange.refuse(404)
    else if (!parameters.has('watch')) {
      const namespace = /namespaces\/([^/]+)/.exec(path)?.[1]
      const grants = this.content.list(namespace)
      if (!grants) return
      await exchange.stream(page(grants, parameters, namespace))
      exchange.end()
    } else if (parameters.has('sendInitialEvents') && !this.content.streams) exchange.refuse(422)
    else {
      if (parameters.has('sendInitialEvents'))
        await exchange.stream(events(this.content.list(undefined) ?? { count: 0, grant: () => '' }))
      await exchange.stream(this.content.watch?.() ?? [])
      if (this.content.bookmarks) endInOrder(exchange, Number(parameters.get('timeoutSeconds')) * 1_000)
      else this.#watches.push(exchange)
    }
  }

  *#resources(): Iterable<string> {
    yield '{"kind":"APIResourceList","resources":['
    for (const resource of this.content.resources?.() ?? []) yield `${resource},`
    yield '{"name":"referencegrants","kind":"ReferenceGrant","namespaced":true}]}'
  }
}

/** Ends a watch after so many ms, with a bookmark at its beginning and one shortly before its end. */
function endInOrder(exchange: Exchange, duration: number): void {
  const bookmark = { type: 'BOOKMARK', object: { kind: 'ReferenceGrant', metadata: { resourceVersion: '1' } } }
  exchange.send(bookmark)
  setTimeout(() => exchange.send(bookmark), duration - LAST_BOOKMARK).unref()
  setTimeout(() => exchange.end(), duration).unref()
}

/** A page of a list, with the grants of one namespace or of all. */
function* page({ count, grant }: Grants, parameters: URLSearchParams, namespace?: string): Iterable<string> {
  const inside = namespace === undefined ? '' : `"metadata":{"namespace":${JSON.stringify(namespace)},`
  const from = Number(parameters.get('continue') ?? 0)
  const to = Math.min(from + Number(parameters.get('limit')), count)
  const next = to < count ? `,"continue":"${to}"` : ''
  yield `{"kind":"ReferenceGrantList","metadata":{"resourceVersion":"1"${next}},"items":[`
  let comma = ''
  for (let index = from; index < to; index += 1) {
    const one = grant(index)
    if (!one.includes(inside)) continue
    yield comma + one
    comma = ','
  }
  yield ']}'
}

function* events({ count, grant }: Grants): Iterable<string> {
  for (let index = 0; index < count; index += 1) yield added(grant(index))
  const metadata = { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } }
  yield `${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'ReferenceGrant', metadata } })}\n`
}

/** A watch's line about a new grant. */
export const added = (grant: string) => `{"type":"ADDED","object":${grant}}\n`

/** What else is in a grant, as JSON members. */
interface Parts {
  readonly metadata?: string
  readonly spec?: string
}

/** The spec of a grant of the Service payments to the HTTPRoutes of a namespace. */
export function specFrom(namespace: string): string {
  return JSON.stringify({
    from: [{ group: GROUP, kind: 'HTTPRoute', namespace }],
    to: [{ group: '', kind: 'Service', name: 'payments' }],
  })
}

/** JSON of a grant: of the Service payments to the HTTPRoutes of shop, unless it has another spec. */
export function grantOf(
  namespace: string,
  name: string,
  { metadata = '', spec = specFrom('shop') }: Parts = {},
): string {
  const named = JSON.stringify({ namespace, name, resourceVersion: '1' })
  return `{"apiVersion":"${GROUP}/v1","kind":"ReferenceGrant","metadata":${named.slice(0, -1)}${metadata}},"spec":${spec}}`
}

/** The spec of a grant that is as large as the standard allows, 16 x 16, and permits nothing that anybody asks for. */
export function largestSpec(index: number): string {
  return longSpec(index, '')
}

/** The same, with names that are as long as this makes them. */
export function longSpec(index: number, padding: string): string {
  const all = Array.from({ length: 16 }, (_, entry) => `${index}-${entry}`)
  return JSON.stringify({
    from: all.map((one) => ({ group: GROUP, kind: 'HTTPRoute', namespace: `from-${one}` })),
    to: all.map((one) => ({ group: '', kind: 'Service', name: `service-${one}${padding}` })),
  })
}

/** One grant, or none, and then others. */
export function grantsOf(first: readonly string[], count: number, grant: (index: number) => string): Grants {
  const { length } = first
  return { count: length + count, grant: (index) => first[index] ?? grant(index - length) }
}

/** The neighbour's grant. */
export const neighbours = grantOf('billing', 'shop')

/** The neighbour's grant and so many others, none of which is in the neighbour's namespace. */
export function content(count: number, other: (index: number) => string, more: Partial<Content> = {}): Content {
  return { list: (namespace) => grantsOf([neighbours], namespace === 'billing' ? 0 : count, other), ...more }
}

/** The group that routes and grants belong to. */
export const GROUP = 'gateway.networking.k8s.io'

/** Of sizes, in bytes. */
export const MIB = 1024 * 1024

/** Parts of a request that a test changes; those that are JSON already stand in for what would be large to build. */
interface Change {
  readonly operation?: 'CREATE' | 'UPDATE'
  readonly uid?: string
  readonly name?: string
  readonly namespace?: string
  readonly username?: string
  readonly kind?: string
  /** JSON of the stored object. */
  readonly oldObject?: string
}

/** An AdmissionReview whose object is this JSON. */
export function review(object: string, change: Change = {}): string {
  const { operation = 'CREATE', uid = 'u', name = 'checkout', namespace = 'shop', username = 'jane' } = change
  const kind = { group: GROUP, version: 'v1', kind: change.kind ?? 'HTTPRoute' }
  const head = JSON.stringify({ uid, kind, name, namespace, operation, userInfo: { username } })
  const request = `${head.slice(0, -1)},"object":${object}${change.oldObject ? `,"oldObject":${change.oldObject}` : ''}}`
  return `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":${request}}`
}

/** JSON of an HTTPRoute's body with these backendRefs, which are JSON. */
export const route = (backendRefs: string) => `{"spec":{"rules":[{"backendRefs":[${backendRefs}]}]}}`

/** JSON of a reference to a Service. */
export const reference = (name: string, namespace: string) => JSON.stringify({ name, namespace })

/** `count` times the same, with commas between. */
export const repeated = (unit: string, count: number) => `${unit},`.repeat(count).slice(0, -1)

/** As many of a unit as fit into so many bytes, with commas between. */
export const filled = (unit: string, bytes: number) => repeated(unit, Math.floor(bytes / (unit.length + 1)))

/** As many texts as asked for, all different, with commas between. */
export const numbered = (make: (index: number) => string, count: number) =>
  Array.from({ length: count }, (_, index) => make(index)).join()

/** A text so deep in lists. */
export const nested = (open: string, inner: string, close: string, depth: number) =>
  `${open.repeat(depth)}${inner}${close.repeat(depth)}`

/** The longest value of a header that an HTTPRoute sets, in characters, and how many a rule sets at most. */
const HEADER = { length: 4_096, each: 16 }

/** JSON of an HTTPRoute that every CRD takes, of 594 kB: 144 header values full of commas, and one reference. */
export function commaRoute(backendRef: string): string {
  const set = Array.from({ length: HEADER.each }, (_, index) => ({
    name: `x-${index}`,
    value: ','.repeat(HEADER.length),
  }))
  const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set } }]
  const rules = Array.from({ length: 9 }, () => ({ filters, backendRefs: ['HERE'] }))
  return JSON.stringify({ metadata: { name: 'checkout' }, spec: { rules } }).replaceAll('"HERE"', backendRef)
}

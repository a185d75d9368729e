import { guardedFields } from '../../src/policy/catalogue.ts'

/**
 * The rule once more, in the plainest way: every value of an object is visited and its path compared with the rows,
 * and every grant is tried. Slow, and written without a look at the code that it is compared with.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

interface From {
  readonly group: string
  readonly kind: string
  readonly namespace: string
}

/** Group, kind, namespace and name of what a field names. */
interface Target {
  readonly to: readonly [group: string, kind: string, namespace: string, name: string]
}

/** References into other namespaces that need a grant. */
export function references(from: From, object: Json): Target[] {
  if (isForMeshOnly(from.kind, object)) return []
  const found: Target[] = []
  visit(object, [], (value, path) => {
    const row = guardedFields.find(
      (field) => field.from.kind === from.kind && field.from.group === from.group && same(steps(field.path), path),
    )
    if (!row || typeof value !== 'object' || value === null || Array.isArray(value)) return
    const part = (key: string, absent: string) => {
      const written = Object.entries(value).find(([name]) => name === key)?.[1] ?? absent
      return typeof written === 'string' ? written : 'no text'
    }
    const namespace = part('namespace', '') || from.namespace
    const to: Target['to'] = [
      part('group', row.to?.group ?? ''),
      part('kind', row.to?.kind ?? ''),
      namespace,
      part('name', ''),
    ]
    if (namespace !== from.namespace) found.push({ to })
  })
  return found
}

function visit(value: Json, path: string[], found: (value: Json, path: string[]) => void): void {
  found(value, path)
  if (Array.isArray(value)) for (const element of value) visit(element, [...path, '[]'], found)
  else if (typeof value === 'object' && value !== null)
    for (const [key, below] of Object.entries(value)) visit(below, [...path, `.${key}`], found)
}

const steps = (path: string) =>
  path.split('.').flatMap((part) => {
    const lists = part.split('[]').length - 1
    return [`.${part.replaceAll('[]', '')}`, ...Array(lists).fill('[]')]
  })

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((one, at) => one === b[at])

function isForMeshOnly(kind: string, object: Json): boolean {
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  const spec = (object as any)?.spec
  if (!kind.endsWith('Route') || !Array.isArray(spec?.parentRefs) || spec.parentRefs.length === 0) return false
  if (![undefined, null, 'None'].includes(spec.useDefaultGateways)) return false
  return spec.parentRefs.every((parent: Partial<From> | null) => {
    const kinds = `${parent?.group ?? 'gateway.networking.k8s.io'}/${parent?.kind ?? 'Gateway'}`
    return kinds === '/Service' || kinds === 'multicluster.x-k8s.io/ServiceImport'
  })
}

/** Whether one of the grants permits the reference: ReferenceGrant, "From" and "To". */
export function isPermitted(from: From, { to }: Target, grants: readonly Json[]): boolean {
  const [group, kind, namespace, name] = to
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  type Entry = any
  const list = (grant: Entry, half: string): Entry[] => (Array.isArray(grant.spec?.[half]) ? grant.spec[half] : [])
  const accepts = (one: Entry) =>
    one?.group === from.group && one.kind === from.kind && one.namespace === from.namespace
  const exposes = (one: Entry) =>
    one?.group === group && one.kind === kind && ((one.name ?? null) === null || one.name === name)
  return grants
    .filter((grant: Entry) => grant.metadata.namespace === namespace)
    .some((grant: Entry) => list(grant, 'from').some(accepts) && list(grant, 'to').some(exposes))
}

import type { GrantName } from '../policy/grant.ts'
import { REFERENCE_GRANT } from '../policy/grant-kinds.ts'
import type { GroupKind, ObjectName } from '../policy/reference.ts'
import { visible } from '../wording/quote.ts'

/** Yields the names of objects and grants as `kubectl -o name` prints them, each object once: `httproute.gateway.networking.k8s.io/shop`. */
export function* namesText(named: Iterable<ObjectName | GrantName>): Generator<string> {
  const told = new Set<string>()
  for (const one of named) {
    const line = `${resourceIn(one)}/${one.name}`
    // As with kubectl, objects of several namespaces may have the same line.
    const key = JSON.stringify([line, one.namespace])
    if (!told.has(key)) yield `${word(line)}\n`
    told.add(key)
  }
}

/**
 * Returns a line that `xargs` reads as one argument: escapes what it separates or unquotes. No API server stores such a
 * name, but a file may have it.
 */
function word(line: string): string {
  const parts = line.split(/([\s"'\\])/)
  return parts.map((part, at) => (at % 2 === 0 ? visible(part) : `\\u{${part.codePointAt(0)?.toString(16)}}`)).join('')
}

/** Yields the names of grants, given as Kubernetes objects, as `namesText`. */
export function grantNames(objects: readonly object[]): Generator<string> {
  return namesText(objects.map(nameOf))
}

function nameOf(object: object): ObjectName {
  const { apiVersion, kind, metadata } = object as Written
  return { group: apiVersion.replace(/\/.*$/, ''), kind, ...metadata }
}

/** A grant as it is written. */
interface Written {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Pick<ObjectName, 'namespace' | 'name'>
}

function resourceIn(one: ObjectName | GrantName): string {
  if ('kind' in one) return resourceTitle(one)
  return ('resource' in one && one.resource) || resourceTitle(REFERENCE_GRANT)
}

const resourceTitle = ({ group, kind }: GroupKind) => `${kind.toLowerCase()}${group && `.${group}`}`

import type { Store } from '../../../src/cluster/store.ts'
import type { Grant, GrantName } from '../../../src/policy/grant.ts'

/** A store that a reflector fills and that a test can read: whole grants by namespace and name. */
export class GrantMap implements Store<Grant> {
  readonly grants = new Map<string, Grant>()
  /** Namespaces of grants that could not be kept. */
  readonly incomplete = new Set<string>()
  /** Lists begun, and of these ended. */
  readonly lists = { begun: 0, ended: 0 }
  #listed = new Set<string>()
  #missed = new Set<string>()

  set(grant: Grant): void {
    this.grants.set(keyOf(grant), grant)
    this.#listed.add(keyOf(grant))
  }

  delete(grant: Pick<GrantName, 'namespace' | 'name'>): void {
    this.grants.delete(keyOf(grant))
  }

  miss(namespace: string): void {
    this.incomplete.add(namespace)
    this.#missed.add(namespace)
  }

  beginList(): void {
    this.lists.begun += 1
    this.#listed = new Set()
    this.#missed = new Set()
  }

  *sweep(): Generator<void> {
    for (const key of this.grants.keys()) if (!this.#listed.has(key)) this.grants.delete(key)
    for (const namespace of this.incomplete) if (!this.#missed.has(namespace)) this.incomplete.delete(namespace)
    this.lists.ended += 1
    yield
  }

  /** Each grant's name with the Service that it permits. */
  get targets(): Record<string, string | undefined> {
    return Object.fromEntries([...this.grants.values()].map(({ name, to }) => [name, to[0]?.name]))
  }
}

const keyOf = ({ namespace, name }: Pick<GrantName, 'namespace' | 'name'>) => `${namespace}/${name}`

import type { Catalogue } from './catalogue.ts'
import { extract } from './extract.ts'
import { isMeshRoute } from './mesh.ts'
import type { ObjectName, Reference } from './reference.ts'

/**
 * References into other namespaces that are judged in one object. The largest objects that a schema of Gateway API
 * accepts may hold 8,960 (HTTPRoute of v1.7 experimental) and 6,161 (Gateway); test/end-to-end/catalogue.test.ts
 * holds this to the CRDs of every release.
 */
export const MOST_REFERENCES = 10_000

/** What an object holds that grants have to permit. */
export interface Crossing {
  /** Its references into other namespaces; none if it is exempt, and the first MOST_REFERENCES if there are more. */
  readonly references: readonly Reference[]
  /** How many there are. */
  readonly count: number
  /** Why its references into other namespaces need no grant, if it has some. */
  readonly exempt?: 'mesh route' | 'exempt target'
  /** Rows of the admin's own that led to what is no reference, by their paths; absent if there are none. */
  readonly misfits?: readonly string[]
}

/** The references of an object that grants have to permit: those in guarded fields that leave its namespace. */
export function crossingReferences(catalogue: Catalogue, from: ObjectName, object: unknown): Crossing {
  const { meshRoutes, targets } = catalogue.exemptions
  let count = 0
  let exemptTargets = 0
  const misfits = new Set<string>()
  const take = (to: ObjectName) => {
    if (to.namespace === from.namespace) return false
    if (targets.some(({ group, kind }) => group === to.group && kind === to.kind)) {
      exemptTargets += 1
      return false
    }
    count += 1
    return count <= MOST_REFERENCES
  }
  const references = extract(catalogue, from, object, { take, misfit: ({ path }) => misfits.add(path) })
  const told = misfits.size > 0 && { misfits: [...misfits] }
  if (meshRoutes && count + exemptTargets > 0 && catalogue.referrer(from)?.route && isMeshRoute(object))
    return { references: [], count: 0, exempt: 'mesh route', ...told }
  if (count === 0 && exemptTargets > 0) return { references, count, exempt: 'exempt target', ...told }
  return { references, count, ...told }
}

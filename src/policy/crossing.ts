import type { Coverage } from './coverage.ts'
import { targetKey } from './distinct-targets.ts'
import { extract } from './extract.ts'
import type { FieldSteps } from './field-tree.ts'
import { isMeshRoute } from './mesh.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/**
 * The most references into other namespaces that are judged in one object. The schemas of Gateway API accept at most
 * 8,960 (HTTPRoute of v1.7 experimental) and 6,161 (Gateway); test/end-to-end/catalogue.test.ts checks the limit
 * against the CRDs of every release.
 */
export const MOST_REFERENCES = 10_000

/** The references of an object that need a grant. */
export interface Crossing {
  /** The references into other namespaces: empty if the object is exempt, and never more than MOST_REFERENCES. */
  readonly references: readonly Reference[]
  /** How many references into other namespaces the object has. */
  readonly count: number
  /** Why the references into other namespaces need no grant; absent if the object has none, or is not exempt. */
  readonly exemptReason?: 'mesh route' | 'exempt target'
  /** The paths of rows from the configuration that led to something that is not a reference; absent if there are none. */
  readonly misfits?: readonly string[]
}

/** Returns the references of an object that need a grant: those in guarded fields that leave its namespace. */
export function crossingReferences(coverage: Coverage, from: ObjectName, object: unknown): Crossing {
  let count = 0
  let exemptTargets = 0
  const misfits = new Set<string>()
  const take = (to: ObjectName) => {
    if (to.namespace === from.namespace) return false
    if (isExemptTarget(coverage, to)) {
      exemptTargets += 1
      return false
    }
    count += 1
    return count <= MOST_REFERENCES
  }
  const references = extract(coverage, from, object, { take, misfit: ({ path }) => misfits.add(path) })
  const told = misfits.size > 0 && { misfits: [...misfits] }
  if (count + exemptTargets > 0 && isExemptRoute(coverage, from, object))
    return { references: [], count: 0, exemptReason: 'mesh route', ...told }
  if (count === 0 && exemptTargets > 0) return { references, count, exemptReason: 'exempt target', ...told }
  return { references, count, ...told }
}

/** Returns the keys (see `targetKey`) of the targets that need a grant, of which an object may have any number. */
export function crossingTargets(coverage: Coverage, from: ObjectName, object: unknown): ReadonlySet<string> {
  const targets = new Set<string>()
  if (isExemptRoute(coverage, from, object)) return targets
  const take = (to: ObjectName, { grantKinds }: FieldSteps) => {
    if (to.namespace !== from.namespace && !isExemptTarget(coverage, to)) targets.add(targetKey({ to, grantKinds }))
    return false
  }
  extract(coverage, from, object, { take })
  return targets
}

function isExemptTarget({ exemptReferences }: Coverage, to: GroupKind): boolean {
  return exemptReferences.targets.some(({ group, kind }) => group === to.group && kind === to.kind)
}

function isExemptRoute(coverage: Coverage, from: ObjectName, object: unknown): boolean {
  return coverage.exemptReferences.meshRoutes && coverage.referrer(from)?.route === true && isMeshRoute(object)
}

import type { Catalogue } from './catalogue.ts'
import { extract } from './extract.ts'
import { crosses } from './judge.ts'
import { isMeshRoute } from './mesh.ts'
import type { ObjectName, Reference } from './reference.ts'

/** What an object holds that grants have to permit. */
export interface Crossing {
  /** Its references into other namespaces; none if it is exempt. */
  readonly references: readonly Reference[]
  /** Why its references into other namespaces need no grant, if it has some. */
  readonly exempt?: 'mesh route' | 'exempt target'
}

/** The references of an object that grants have to permit: those in guarded fields that leave its namespace. */
export function crossingReferences(catalogue: Catalogue, from: ObjectName, object: unknown): Crossing {
  const { meshRoutes, targets } = catalogue.exemptions
  const crossing = extract(catalogue, from, object).filter(crosses)
  if (crossing.length === 0) return { references: crossing }
  if (meshRoutes && catalogue.referrer(from)?.route && isMeshRoute(object))
    return { references: [], exempt: 'mesh route' }
  const references = crossing.filter(({ to }) => !targets.some((one) => one.group === to.group && one.kind === to.kind))
  return references.length > 0 ? { references } : { references, exempt: 'exempt target' }
}

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
  readonly exempt?: 'mesh route'
}

/** The references of an object that grants have to permit: those in guarded fields that leave its namespace. */
export function crossingReferences(catalogue: Catalogue, from: ObjectName, object: unknown): Crossing {
  const references = extract(catalogue, from, object).filter(crosses)
  const exempt = references.length > 0 && catalogue.referrer(from)?.route && isMeshRoute(object)
  return exempt ? { references: [], exempt: 'mesh route' } : { references }
}

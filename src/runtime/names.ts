import { podNamespace } from '../cluster/connection.ts'
import { NAMES, type Names } from '../manifests/names.ts'

/** Returns what the objects of this installation are called: as the flags say, in the namespace of the Pod by default. */
export function namesOf({ name = NAMES.name, namespace = podNamespace() ?? NAMES.namespace }: Partial<Names>): Names {
  return { name, namespace }
}

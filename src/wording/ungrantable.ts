import { grantKindFor } from '../policy/grant-kinds.ts'
import { ungrantable } from '../policy/missing-grant.ts'
import type { Reference } from '../policy/reference.ts'
import { objectTitle } from './objects.ts'
import { quote } from './quote.ts'

/** Returns why no grant can permit a reference that `ungrantable` finds. */
export function ungrantableSentence(reference: Reference): string {
  const { part = '', value = '' } = ungrantable(reference) ?? {}
  const grant = grantKindFor(reference).kind
  return `${objectTitle(reference.from)}: ${reference.path} needs a ${grant} with the ${part} ${quote(value)}, which the API server rejects: correct it in the object`
}

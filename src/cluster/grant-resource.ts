import { type Grant, parseGrant } from '../policy/grant.ts'
import { type GrantKind, REFERENCE_GRANT, VERSIONS } from '../policy/grant-kinds.ts'
import type { Resource } from './resource.ts'

/**
 * Most that is kept of one grant, in bytes of its JSON. The largest that the schema of Gateway API accepts has 16 KiB:
 * 16 entries of 380 characters each in `from`, of 570 in `to`.
 */
const LARGEST = 256 * 1024

/** Returns the resource of a grant kind. It keeps only what the rule needs: most of an object is metadata. */
export function grantResource(grants: GrantKind): Resource<Grant> {
  const { group, kind, plural, version } = grants
  const named = version === undefined ? undefined : [version]
  return {
    group,
    kind,
    plural,
    scope: 'Namespaced',
    versions: grants === REFERENCE_GRANT ? VERSIONS : named,
    shape: { metadata: { name: 'whole', namespace: 'whole' }, spec: { from: 'whole', to: 'whole' } },
    most: LARGEST,
    parse: (object) => parseGrant(object, grants),
  }
}

import type { GrantSource } from '../../../src/admission/grant-source.ts'
import type { GrantLookup } from '../../../src/policy/grant-index.ts'

/** Knows these grants, and reads the same ones afresh. */
export function sourceOf(grants: GrantLookup): GrantSource {
  return {
    cached: () => ({ grants, current: true }),
    fresh: async (namespaces, _referrer, take) => {
      for (const namespace of namespaces) take(namespace, grants)
    },
  }
}

import type { LookUps } from '../../../src/admission/admit.ts'
import type { GrantSource } from '../../../src/admission/grant-source.ts'
import type { GrantLookup } from '../../../src/policy/grant-lookup.ts'

/** Looks grants up in a source, with 10 s for fresh reads. */
export function lookUpsIn(source: GrantSource): LookUps {
  return { source, begin: () => AbortSignal.timeout(10_000) }
}

/** Returns a source with these grants, in its cache and by fresh reads. */
export function sourceOf(grants: GrantLookup): GrantSource {
  return {
    cached: () => ({ grants, current: true }),
    fresh: async (places, _referrer, take) => {
      for (const { namespace } of places) take(namespace, grants)
    },
  }
}

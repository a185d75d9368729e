import { LONGEST_NAME } from '../policy/names.ts'
import type { NearMiss } from '../policy/near-miss.ts'
import { shorten } from '../wording/quote.ts'
import { shown } from './json.ts'

/** Returns a near miss for a report: the grant, and each field that differs, with the value that it must have. */
export function nearMissJson({ candidate, differences }: NearMiss) {
  return {
    grant: shown(candidate.name),
    differences: differences.map(({ path, found, wanted, how }) => ({
      field: path,
      found: found && shorten(found, LONGEST_NAME),
      wanted: wanted && shorten(wanted, LONGEST_NAME),
      reason: how,
    })),
  }
}

import { API_VERSION } from '../admission/names.ts'
import { type Compared, driftLines, toleratedLines } from '../wording/drift.ts'
import { visible } from '../wording/quote.ts'
import { toJson } from './json.ts'

/** Returns how live objects differ from the configuration, as JSON. */
export function driftJson(objects: readonly Compared[]): Iterable<string> {
  return toJson({ apiVersion: API_VERSION, kind: 'DriftReport', objects })
}

/** Returns how live objects differ from the configuration, a line for each difference. */
export function driftText(objects: readonly Compared[]): string[] {
  return objects.flatMap((one) => [...driftLines(one), ...toleratedLines(one)]).map((line) => `${visible(line)}\n`)
}

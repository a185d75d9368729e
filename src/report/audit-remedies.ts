import type { Coverage } from '../policy/coverage.ts'
import { grantKindFor } from '../policy/grant-kinds.ts'
import {
  clusterOptionsOf,
  explainCommandFor,
  explainObjectCommandFor,
  grantCommandFor,
  grantPipeFor,
  type Read,
} from '../wording/grant-command.ts'
import { type AuditReport, type AuditText, isRefused } from './audit.ts'

/** Returns the commands that print the missing grants and the near misses; for a cluster, its existing grants count. */
export function remediesOf(
  { survey, nearest }: AuditReport,
  paths: readonly string[],
  options: Read,
  coverage: Coverage,
): AuditText['remedies'] {
  if (paths.length > 0) return { grant: grantCommandFor(paths, options), explain: explainCommandFor(paths, options) }
  const refused = survey.references.filter(isRefused).map(({ reference }) => reference)
  const kinds = [
    ...refused.map(({ from }) => coverage.referrer(from)),
    ...refused.map((reference) => grantKindFor(reference)),
  ].filter((kind) => kind !== undefined)
  const resources = new Set(kinds.map(({ plural, group }) => (group === '' ? plural : `${plural}.${group}`)))
  const near = refused.find((one) => nearest.has(one))
  return {
    grant: `kubectl get ${[...resources].join(',')} -A -o yaml${clusterOptionsOf(options)} | ${grantPipeFor(options)}`,
    explain: near ? explainObjectCommandFor(near.from, options) : '',
  }
}

import type { Coverage } from '../policy/coverage.ts'
import { grantKindFor } from '../policy/grant-kinds.ts'
import { explainCommandFor, grantCommandFor } from '../wording/grant-command.ts'
import { shellArgument } from '../wording/shell.ts'
import { type AuditReport, type AuditText, isRefused } from './audit.ts'

/** The options of an audit of files. */
type Read = Parameters<typeof grantCommandFor>[1]

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
  const command = grantCommandFor(['-'], { config: options.config, exclude: [] })
  const { group = '', kind = '', namespace, name } = refused.find((one) => nearest.has(one))?.from ?? {}
  const object = `${group === '' ? kind : `${kind}.${group}`}/${namespace}/${name}`
  const config = options.config === undefined ? '' : ` --config ${shellArgument(options.config)}`
  return {
    grant: `kubectl get ${[...resources].join(',')} -A -o yaml | ${command}`,
    explain: `refgrant explain ${shellArgument(object)}${config}`,
  }
}

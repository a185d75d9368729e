/** The parts of SARIF that GitHub reads. */
export interface SarifLog {
  readonly version: string
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly name: string; readonly rules: readonly Rule[] } }
    readonly results: readonly Result[]
  }[]
}

interface Rule {
  readonly id: string
  readonly shortDescription?: { readonly text: string }
  readonly fullDescription?: { readonly text: string }
  readonly help?: { readonly text: string; readonly markdown?: string }
  readonly defaultConfiguration?: { readonly level: string }
  readonly properties?: {
    readonly tags?: readonly string[]
    readonly 'security-severity'?: string
    readonly precision?: string
  }
}

interface Result {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: string
  readonly message: { readonly text: string }
  readonly baselineState?: string
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string }
      readonly region: Readonly<Record<'startLine' | 'startColumn' | 'endLine' | 'endColumn', number>>
    }
  }[]
  readonly partialFingerprints: Readonly<Record<string, string>>
}

const LEVELS = ['error', 'warning', 'note']

/** Returns what GitHub would refuse or ignore. Source: GitHub, "SARIF support for code scanning". */
export function githubRefusals({ version, runs }: SarifLog): string[] {
  const wrong: string[] = []
  const need = (holds: boolean, what: string) => {
    if (!holds) wrong.push(what)
  }
  need(version === '2.1.0', 'version')
  need(runs.length >= 1 && runs.length <= 20, 'runs')
  for (const { tool, results } of runs) {
    const { name, rules } = tool.driver
    need(name !== '' && rules.length > 0 && rules.length <= 25_000, 'driver')
    need(new Set(rules.map(({ id }) => id)).size === rules.length, 'ids of rules')
    for (const rule of rules) needRule(rule, need)
    need(results.length <= 25_000, 'results')
    const levels = results.map(({ level }) => LEVELS.indexOf(level))
    need(
      levels.every((level, at) => level >= (levels[at - 1] ?? 0)),
      'errors first',
    )
    for (const result of results) {
      need(rules[result.ruleIndex]?.id === result.ruleId, 'ruleIndex')
      needResult(result, need)
    }
    const keys = results.map(({ ruleId, locations: [first], partialFingerprints: { primaryLocationLineHash } }) =>
      JSON.stringify([ruleId, first?.physicalLocation.artifactLocation.uri, primaryLocationLineHash]),
    )
    need(new Set(keys).size === keys.length, 'an alert for each result')
  }
  return wrong
}

type Need = (holds: boolean, what: string) => void

function needRule(rule: Rule, need: Need): void {
  const { id, shortDescription, fullDescription, help, defaultConfiguration, properties } = rule
  const isText = (text: string | undefined) => text !== undefined && text.length > 0 && text.length <= 1_024
  need(isText(shortDescription?.text) && isText(fullDescription?.text), `description of ${id}`)
  need((help?.text ?? '') !== '', `help of ${id}`)
  need(LEVELS.includes(defaultConfiguration?.level ?? ''), `level of ${id}`)
  need((properties?.tags?.length ?? 0) <= 10, `tags of ${id}`)
  const score = properties?.['security-severity']
  const isScore = typeof score === 'string' && Number(score) > 0 && Number(score) <= 10
  need(
    score === undefined || (isScore && (properties?.tags?.includes('security') ?? false)),
    `security-severity of ${id}`,
  )
}

function needResult({ ruleId, message, locations, partialFingerprints }: Result, need: Need): void {
  need(message.text !== '', `message of ${ruleId}`)
  need(locations.length > 0 && locations.length <= 10, `locations of ${ruleId}`)
  need(partialFingerprints.primaryLocationLineHash !== undefined, `fingerprint of ${ruleId}`)
  for (const { physicalLocation } of locations) {
    const { uri } = physicalLocation.artifactLocation
    need(uri !== '' && URL.canParse(uri, 'file:///root/') && !uri.startsWith('./') && !uri.includes('..'), `uri ${uri}`)
    const { startLine, startColumn, endLine, endColumn } = physicalLocation.region
    const isRange = endLine > startLine || (endLine === startLine && endColumn > startColumn)
    need(
      [startLine, startColumn, endLine, endColumn].every((one) => Number.isInteger(one) && one > 0),
      'region',
    )
    need(isRange, `range of ${ruleId}: ${JSON.stringify(physicalLocation.region)}`)
  }
}

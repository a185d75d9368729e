import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { ANNOTATIONS, TOO_LARGE } from '../src/admission/annotate.ts'
import { UNJUDGED_REASONS } from '../src/admission/decision.ts'
import { loadConfig } from '../src/config/load.ts'
import { distance } from '../src/policy/distance.ts'
import { SEVERITIES } from '../src/policy/finding-codes.ts'
import { Metrics } from '../src/server/metrics.ts'
import { findingsTable } from '../src/wording/meanings.ts'
import { parseObjects } from '../src/yaml/objects.ts'
import { folderWith } from './harness/folders.ts'
import { metricSources } from './harness/stand-ins/metric-sources.ts'

const yamlBlocks = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block as string)

const configurations = (file: string) => yamlBlocks(file).filter((block) => block.includes('kind: Configuration'))

const load = (content: string) => loadConfig(path.join(folderWith({ 'refgrant.yaml': content }), 'refgrant.yaml'))

test('the configuration in the documentation is the default, field by field', () => {
  const [first] = configurations('docs/configuration.md')
  assert.deepEqual(load(first ?? ''), loadConfig(undefined))
})

test('every configuration in the documentation can be used', () => {
  const [, ...others] = configurations('docs/configuration.md')
  assert.ok(others.length > 0)
  for (const one of others) assert.ok(load(one).guardedFields.length > 0)
})

test('the configuration in the README can be used', () => {
  const [first] = configurations('README.md')
  assert.equal(load(first ?? '').guardedFields.length, 1)
})

/** The first cells of the rows below a table's head. */
const firstCells = (file: string, head: string) => {
  const [, rows = ''] = readFileSync(file, 'utf8').split(`\n| ${head} | meaning |\n|---|---|\n`)
  return [...(rows.split('\n\n')[0] ?? '').matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell as string)
}

test('the annotations and the reasons in the documentation are those that reviews may have', () => {
  const annotations = firstCells('docs/configuration.md', 'annotation')
  assert.deepEqual(
    annotations,
    ANNOTATIONS.map((key) => `deny.refgrant.dev/${key}`),
  )
  assert.deepEqual(firstCells('docs/configuration.md', 'reason'), [...UNJUDGED_REASONS, TOO_LARGE])
})

/** Rows of a file's tables that begin with a metric: its name, and the labels in the second cell if that has any. */
const documented = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/^\| `(\w+)` \|([^|]*)\|/gm)].map(([, name = '', cell = '']) => ({
    name,
    labels: /^( `\w+`,?)* $/.test(cell) ? [...cell.matchAll(/`(\w+)`/g)].map(([, label]) => label as string) : [],
  }))

test('the metrics in the documentation are those that are exposed, with their labels', () => {
  const { registry } = new Metrics(metricSources())
  const exposed = registry.getMetricsAsArray().map((metric) => {
    const { name, labelNames } = metric as unknown as { name: string; labelNames: string[] }
    return { name, labels: labelNames }
  })
  const ours = documented('docs/monitoring.md').filter(({ name }) => name.startsWith('refgrant_'))
  assert.deepEqual(ours, exposed)
})

test('the alerts in the documentation are on metrics that it explains', () => {
  const known = new Set(documented('docs/monitoring.md').map(({ name }) => name))
  const { groups } = parse(yamlBlocks('docs/monitoring.md')[0] ?? '') as {
    groups: { rules: { alert: string; expr: string }[] }[]
  }
  const named = groups.flatMap(({ rules }) => rules).map(({ alert, expr }) => [alert, expr.match(/\w+_\w+(?=[{ [)])/g)])
  assert.ok(named.length > 5)
  for (const [alert, metrics] of named) {
    assert.ok(metrics, `${alert} names a metric`)
    for (const metric of metrics) assert.ok(known.has(metric), `${alert}: ${metric}`)
  }
})

const CODES = Object.keys(SEVERITIES)

/** What may be a finding's code in a text: words with a dash in code or in square brackets. */
const codesIn = (text: string) =>
  [...text.matchAll(/`([a-z]+(?:-[a-z]+)+)`|\[([a-z]+(?:-[a-z]+)+)\]/g)].map(([, code, other]) => code ?? other ?? '')

/** Texts that are nearly a code: what is misspelt. */
const misspelt = (text: string) =>
  codesIn(text).filter((one) => !CODES.includes(one) && CODES.some((code) => distance(one, code) <= 4))

const GUIDES = ['README.md', ...readdirSync('docs').flatMap((file) => (file.endsWith('.md') ? `docs/${file}` : []))]

test('the table of findings in the README has each code, with its severity, meaning and remedy', () => {
  const table = findingsTable()
  for (const [code, severity] of Object.entries(SEVERITIES)) assert.ok(table.includes(`| \`${code}\` | ${severity} |`))
  assert.ok(readFileSync('README.md', 'utf8').includes(`\n${table}\n<!-- end of the table -->\n`))
})

for (const file of GUIDES)
  test(`${file} misspells no code of a finding`, () => {
    assert.deepEqual(misspelt(readFileSync(file, 'utf8')), [])
  })

test('a code that is misspelt is found', () => {
  assert.deepEqual(misspelt('`grant-duplicates`, [not-permited], `grant-duplicate`, [not-permitted], `node-modules`'), [
    'grant-duplicates',
    'not-permited',
  ])
})

test('the limits of files in the README are those that are told', () => {
  const readme = readFileSync('README.md', 'utf8')
  const told = (text: string) => {
    try {
      return String(parseObjects(text).length)
    } catch (error) {
      return (error as Error).message
    }
  }
  const [levels] = told('['.repeat(1_000)).match(/\d+/) ?? []
  assert.ok(readme.includes(`of nested lists and objects ${levels} levels`), levels)
  const [values] = told(`a: &a [${'x, '.repeat(2_000)}]\nb: [${'*a, '.repeat(1_000)}]`).match(/\d+/) ?? []
  assert.ok(readme.includes(`may stand for ${Number(values).toLocaleString('en')} values`), values)
})

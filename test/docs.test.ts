import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Registry } from '@prometheus-io/client'
import { parse } from 'yaml'
import { ANNOTATIONS, TOO_LARGE } from '../src/admission/annotate.ts'
import { UNJUDGED_REASONS } from '../src/admission/decision.ts'
import { readConfig } from '../src/config/read.ts'
import { distance } from '../src/policy/distance.ts'
import { SEVERITIES } from '../src/policy/finding-codes.ts'
import { metricsTable } from '../src/runtime/metrics/descriptions.ts'
import { findingsTable } from '../src/wording/meanings.ts'
import { parseObjects } from '../src/yaml/objects.ts'
import { folderWith } from './harness/folders.ts'
import { exposedBy } from './harness/program/exposed-metrics.ts'
import { configFile } from './harness/program/live-config.ts'
import { FakeApiServer } from './harness/stand-ins/fake-api-server.ts'

const yamlBlocks = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block as string)

const configurations = (file: string) => yamlBlocks(file).filter((block) => block.includes('kind: Configuration'))

const read = (content: string) => readConfig(path.join(folderWith({ 'refgrant.yaml': content }), 'refgrant.yaml'))

test('the configuration in the documentation is the default, field by field', () => {
  const [first] = configurations('docs/configuration.md')
  assert.deepEqual(read(first ?? ''), readConfig(undefined))
})

test('every configuration in the documentation can be used', () => {
  const [, ...others] = configurations('docs/configuration.md')
  assert.ok(others.length > 0)
  for (const one of others) assert.ok(read(one).guardedFields.length > 0)
})

test('the configuration in the README can be used', () => {
  const [first] = configurations('README.md')
  assert.equal(read(first ?? '').guardedFields.length, 1)
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

/**
 * Rows of a file's tables that begin with a metric: its name, the labels in the second cell if that has any, and what a
 * server must have for it, by the first words of the last cell.
 */
const documented = (file: string) =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /^\| `(\w+)` \|(.*?)\|(?: (With(?:out)? (?:`--\w+`|self-managed certificates)): )?/gm,
    ),
  ].map(([, name = '', cell = '', only = '']) => ({
    name,
    labels: /^( `\w+`,?)* $/.test(cell) ? [...cell.matchAll(/`(\w+)`/g)].map(([, label]) => label as string) : [],
    only,
  }))

/** The metrics of a registry, by name, each with its labels. */
const labelsIn = (registry: Registry) =>
  new Map(
    registry.getMetricsAsArray().map((metric) => {
      const { name, labelNames } = metric as unknown as { name: string; labelNames: string[] }
      return [name, labelNames]
    }),
  )

test('the metrics in the documentation are those that are exposed, with their labels, and where', async (t) => {
  const cluster = await FakeApiServer.start()
  t.after(() => cluster.close())
  const ofFolder = labelsIn(await exposedBy(folderWith({})))
  const ofCluster = labelsIn(await exposedBy({ kubeconfig: cluster.kubeconfig() }))
  const configured = labelsIn(await exposedBy(folderWith({}), configFile()))
  const selfManaged = labelsIn(await exposedBy({ kubeconfig: cluster.kubeconfig() }, undefined, true))
  const onlyIn = (name: string) => {
    if (!ofCluster.has(name) && selfManaged.has(name)) return 'With self-managed certificates'
    if (!ofFolder.has(name) && configured.has(name)) return 'With `--config`'
    if (!ofCluster.has(name)) return 'With `--grants`'
    return ofFolder.has(name) ? '' : 'Without `--grants`'
  }
  const exposed = [...new Map([...ofFolder, ...ofCluster, ...configured, ...selfManaged])].map(([name, labels]) => ({
    name,
    labels,
    only: onlyIn(name),
  }))
  const ours = documented('docs/monitoring.md').filter(({ name }) => name.startsWith('refgrant_'))
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)
  assert.deepEqual(ours.toSorted(byName), exposed.toSorted(byName))
})

test('the table of metrics in the documentation is that of the source', () => {
  assert.ok(readFileSync('docs/monitoring.md', 'utf8').includes(`\n${metricsTable()}\n<!-- end of the table -->\n`))
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

test('the dashboard shows metrics that the documentation explains', () => {
  const known = new Set(documented('docs/monitoring.md').map(({ name }) => name))
  const { panels } = JSON.parse(readFileSync('manifests/chart/dashboard.json', 'utf8')) as {
    panels: { targets?: { expr: string }[] }[]
  }
  const expressions = panels.flatMap(({ targets = [] }) => targets).map(({ expr }) => expr)
  assert.ok(expressions.length > 10)
  for (const expression of expressions) {
    const named = expression.match(/\b(?:refgrant|apiserver)_\w+/g) ?? []
    assert.ok(named.length > 0, expression)
    for (const name of named)
      assert.ok(known.has(name.replace(/_(bucket|sum|count)$/, '')) || known.has(name), expression)
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

test('the table of findings in the documentation has each code, with its severity', () => {
  const table = findingsTable()
  for (const [code, severity] of Object.entries(SEVERITIES))
    assert.ok(table.includes(`| [\`${code}\`](#${code}) | ${severity} |`))
  assert.ok(readFileSync('docs/findings.md', 'utf8').includes(`\n${table}\n<!-- end of the table -->\n`))
})

test('the map of CONTRIBUTING.md has each file and folder of src/', () => {
  const [, map = ''] = readFileSync('CONTRIBUTING.md', 'utf8').match(/^ {4}src\/\n((?: {6}.*\n)+)/m) ?? []
  const entries = readdirSync('src', { withFileTypes: true }).map((one) =>
    one.isDirectory() ? `${one.name}/` : one.name,
  )
  assert.deepEqual([...map.matchAll(/^ {6}(\S+)/gm)].map(([, name]) => name).toSorted(), entries.toSorted())
})

test('each source file that a guide names exists', () => {
  const ofSource = [...readFileSync('CONTRIBUTING.md', 'utf8').matchAll(/^ {6}([a-z]+\/[-\w]+\.ts)/gm)]
  assert.ok(ofSource.length > 10)
  const named = GUIDES.concat('CONTRIBUTING.md').flatMap((file) => [
    ...readFileSync(file, 'utf8').matchAll(/`((?:src|test)\/[-\w/]+\.ts)`/g),
  ])
  assert.ok(named.length > 3)
  for (const [, file = ''] of named) assert.ok(existsSync(file), file)
  for (const [, file = ''] of ofSource) assert.ok(existsSync(`src/${file}`), file)
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

test('the limits of files in the documentation are those in the errors', () => {
  const guide = readFileSync('docs/files.md', 'utf8')
  const told = (text: string) => {
    try {
      return String(parseObjects(text).length)
    } catch (error) {
      return (error as Error).message
    }
  }
  const [levels] = told('['.repeat(1_000)).match(/\d+/) ?? []
  assert.ok(guide.includes(`nested at most ${levels} levels deep`), levels)
  const [values] = told(`a: &a [${'x, '.repeat(2_000)}]\nb: [${'*a, '.repeat(1_000)}]`).match(/[\d,]+/) ?? []
  assert.ok(guide.includes(`may stand for ${values} values`), values)
})

test('the README pushes the image with the tag that the chart pulls', () => {
  const { appVersion } = parse(readFileSync('manifests/chart/Chart.yaml', 'utf8')) as { appVersion: string }
  const pushed = [...readFileSync('README.md', 'utf8').matchAll(/REGISTRY\/refgrant(?::([\d.]*\d))?/g)]
  assert.deepEqual(
    pushed.map(([, tag]) => tag),
    [appVersion, appVersion],
  )
})

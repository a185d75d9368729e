import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import schema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' }
import { Ajv } from 'ajv'
import { validateXML } from 'xmllint-wasm'
import { stringify } from 'yaml'
import type { CheckReport } from '../../../src/report/check.ts'
import { readCases } from '../../harness/objects/cases.ts'
import { printed, reportOf } from '../../harness/objects/reports.ts'
import { GRANT, ROUTE } from '../../harness/objects/texts.ts'
import { configFileOf } from '../../harness/program/live-config.ts'
import { githubRefusals, type SarifLog } from './github-rules.ts'

const xsd = readFileSync(path.join(import.meta.dirname, 'jenkins-junit.xsd'), 'utf8')

// The schema is of draft 4, which differs in nothing that it uses but its own name.
const { $schema: _draft, id: _id, ...rules } = schema as Record<string, unknown>
const isSarif = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(rules)

/** Names that break out of a format that does not escape them. */
const HOSTILE = [
  'a\n::error::injected',
  '::set-output name=a::b',
  '##[error]injected',
  ']]><failure/>',
  '</failure></testcase>',
  '&lt;&#x0;',
  'a|b|c|d|e',
  '`code` **bold** <b>tag</b> [link](https://example.com) https://example.com www.example.com @somebody',
  '%0A::error::injected%0D',
  '\u0000\u0007\u001b[31mred\u001b[0m',
  '\u202egnp.exe\u2066',
  '"}],"version":"0"',
  '\ud800 alone',
  '\u2028\u2029\u0085',
]

const hostileRoute = (name: string, index: number) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: `r${index}`, namespace: 'shop' },
  spec: { rules: [{ backendRefs: [{ name, namespace: 'billing', port: 80 }] }] },
})

const reports: [title: string, report: CheckReport][] = []

before(async () => {
  for (const { title, object, grants, configuration } of readCases()) {
    const text = [object, ...grants].map((one) => stringify(one)).join('---\n')
    reports.push([title, await reportOf({ 'objects.yaml': text }, configFileOf(configuration))])
  }
  const hostile = HOSTILE.map((name, index) => JSON.stringify(hostileRoute(name, index))).join('\n')
  reports.push(['hostile names', await reportOf({ 'a,b:c%25|`x` <b>.yaml': hostile })])
  reports.push(['a file that cannot be read', await reportOf({ 'a.yaml': 'a: [', 'b.yaml': ROUTE })])
  reports.push(['no finding', await reportOf({ 'a.yaml': `${ROUTE}---\n${GRANT}` })])
})

test('the cases and the hostile names have findings of every severity', () => {
  assert.ok(reports.length > 200)
  const severities = reports.flatMap(([, { findings }]) => findings.map(({ severity }) => severity))
  assert.deepEqual([...new Set(severities)].sort(), ['error', 'note', 'warning'])
})

test('SARIF is valid by its schema and by the rules of GitHub', () => {
  for (const [title, report] of reports) {
    const log = JSON.parse(printed(report, 'sarif')) as SarifLog
    assert.ok(isSarif(log), `${title}: ${JSON.stringify(isSarif.errors)}`)
    assert.deepEqual(githubRefusals(log), [], title)
    assert.equal(log.runs[0]?.results.length, report.findings.length, title)
  }
})

test('JUnit is valid by the schema of Jenkins, and counts its tests', { timeout: 300_000 }, async () => {
  const xml = reports.map(([, report], index) => ({ fileName: `${index}.xml`, contents: printed(report, 'junit') }))
  const { valid, errors } = await validateXML({ xml, schema: [xsd] })
  assert.ok(valid, JSON.stringify(errors))
  for (const [index, { contents }] of xml.entries()) {
    const report = reports[index]?.[1] as CheckReport
    const count = (tag: string) => contents.split(`<${tag}`).length - 1
    const [, tests, failures, errors] = /tests="(\d+)" failures="(\d+)" errors="(\d+)"/.exec(contents) ?? []
    assert.deepEqual([count('testcase'), count('failure '), count('error ')], [tests, failures, errors].map(Number))
    assert.equal(Number(failures), report.findings.filter(({ severity }) => severity === 'error').length)
    assert.equal(Number(errors), report.problems.length)
    assert.notEqual(tests, '0')
  }
})

test('a broken JUnit file is refused, so the validation above means something', async () => {
  const contents = '<testsuites><testsuite name="a" tests="1"><testcase/></testsuite></testsuites>'
  assert.equal((await validateXML({ xml: [{ fileName: 'a.xml', contents }], schema: [xsd] })).valid, false)
})

suite('annotations of GitHub Actions', () => {
  test('are as many as there are findings, and nothing else in a line is a command', () => {
    for (const [title, report] of reports) {
      const lines = printed(report, 'github').trimEnd().split('\n')
      const commands = lines.filter((line) => /^\s*(::|##\[)/.test(line))
      const { error, warning, note } = countsOf(report)
      const shown = [error + report.problems.length, warning, note].reduce((sum, one) => sum + Math.min(one, 10), 0)
      assert.equal(commands.length, shown, title)
      for (const line of commands) assert.match(line, /^::(error|warning|notice) [^:]*::[^\p{C}]*$/u, title)
      assert.equal(lines.length, report.findings.length + report.problems.length + 1, title)
    }
  })

  test('are read back by the rules of the runner', async () => {
    const report = await reportOf({ 'a,b:c%25.yaml': JSON.stringify(hostileRoute('x%0A::y', 0)) })
    const [line = ''] = printed(report, 'github').split('\n')
    const [, properties = '', data = ''] = /^::error (.*?)::(.*)$/.exec(line) ?? []
    const unescaped = (text: string) =>
      decodeURIComponent(text.replaceAll(/%(?!25|0D|0A|3A|2C)/g, '%25'))
        .replaceAll('\r', '')
        .replaceAll('\n', '\\n')
    const read = Object.fromEntries(properties.split(',').map((one) => one.split('=', 2).map(unescaped)))
    assert.equal(read.file, 'a,b:c%25.yaml')
    assert.equal(read.line, '1')
    assert.ok(unescaped(data).includes('"x%0A::y"'), data)
  })

  test('are the errors first, if there are more than ten', async () => {
    const from = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'other' }]
    const grant = (at: number) => ({
      apiVersion: 'gateway.networking.k8s.io/v1beta1',
      kind: 'ReferenceGrant',
      metadata: { name: `g${at}`, namespace: 'billing' },
      spec: { from, to: [{ group: '', kind: 'Service' }] },
    })
    const notes = Array.from({ length: 15 }, (_, at) => stringify(grant(at))).join('---\n')
    const errors = Array.from({ length: 12 }, (_, at) => stringify(hostileRoute('payments', at))).join('---\n')
    const report = await reportOf({ 'a.yaml': notes, 'b.yaml': errors })
    const lines = printed(report, 'github').split('\n')
    assert.ok(
      lines.slice(0, 10).every((line) => line.startsWith('::error ')),
      lines.join('\n'),
    )
    assert.equal(lines.filter((line) => line.startsWith('::')).length, 20)
  })
})

test('the report for GitLab has what GitLab needs, and a fingerprint for each finding', () => {
  for (const [title, report] of reports) {
    const issues = JSON.parse(printed(report, 'gitlab')) as Record<string, unknown>[]
    assert.equal(issues.length, report.findings.length, title)
    assert.equal(new Set(issues.map(({ fingerprint }) => fingerprint)).size, issues.length, title)
    for (const { description, check_name, severity, location } of issues) {
      assert.equal(typeof description, 'string')
      assert.equal(typeof check_name, 'string')
      assert.ok(['info', 'minor', 'major', 'critical', 'blocker'].includes(String(severity)))
      const { path, lines } = location as { path: string; lines: { begin: number } }
      assert.match(path, /^[^./]/)
      assert.ok(Number.isInteger(lines.begin) && lines.begin > 0)
    }
  }
})

suite('the summary in Markdown', () => {
  test('has a row of four cells for each finding, in which nothing is a mark', () => {
    for (const [title, report] of reports) {
      const rows = printed(report, 'markdown')
        .split('\n')
        .filter((line) => line.startsWith('| '))
      assert.equal(rows.length, report.findings.length === 0 ? 0 : report.findings.length + 1, title)
      for (const row of rows.slice(1)) {
        assert.equal(row.split('|').length, 6, row)
        assert.doesNotMatch(
          row.slice(2, -2).replaceAll(' | ', ' '),
          /[`*<>[\]|_~@\\!$#](?![\d]+;)|https?:|www\.|\p{C}/u,
          row,
        )
      }
    }
  })

  test('is at most 1 MiB, and counts what it leaves out', async () => {
    const route = (at: number) => stringify(hostileRoute('😀'.repeat(60), at))
    const report = await reportOf({ 'a.yaml': Array.from({ length: 900 }, (_, at) => route(at)).join('---\n') })
    const text = printed(report, 'markdown')
    assert.ok(Buffer.byteLength(text) <= 1024 * 1024)
    const rows = text.split('\n').filter((line) => line.startsWith('| error')).length
    assert.ok(rows > 100 && rows < report.findings.length)
    assert.equal(text.slice(-40).split('\n').at(-2), `Not shown: ${report.findings.length - rows} more findings`)
  })
})

function countsOf({ findings }: CheckReport) {
  const count = (severity: string) => findings.filter((one) => one.severity === severity).length
  return { error: count('error'), warning: count('warning'), note: count('note') }
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { coverageOf } from '../../src/config/config.ts'
import { configurationOf } from '../../src/input/configuration.ts'
import { readInput } from '../../src/input/files.ts'
import { type FindingCode, SEVERITIES } from '../../src/policy/finding-codes.ts'
import { checkOf } from '../../src/report/checked.ts'
import { EXAMPLES } from '../../src/wording/examples.ts'
import { findingPages } from '../../src/wording/meanings.ts'
import { folderWith } from '../harness/folders.ts'
import { refgrant } from '../harness/program/cli.ts'

const CODES = Object.keys(SEVERITIES) as FindingCode[]

const GRANT = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'ReferenceGrant',
  metadata: { name: 'allow-shop', namespace: 'billing' },
  spec: {
    from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }],
    to: [{ group: '', kind: 'Service', name: 'payments' }],
  },
}
const ROUTE = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'checkout', namespace: 'shop' },
  spec: { rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }] },
}
const CROSSING = {
  ...ROUTE,
  spec: { rules: [{ backendRefs: [{ name: 'payments', namespace: 'billing', port: 80 }] }] },
}
const POLICY = {
  apiVersion: 'example.com/v1',
  kind: 'Policy',
  metadata: { name: 'strict', namespace: 'shop' },
  spec: {},
}

const CONFIG = `apiVersion: refgrant.dev/v1alpha1
kind: Configuration
guardedFields:
  - from: { group: example.com, kind: Policy, plural: policies }
    path: spec.backend
    to: { group: "", kind: Service }
`

/** Examples that stand for more than they show. */
const LONG: Partial<Record<FindingCode, (isWrong: boolean) => object>> = {
  'too-many-references': (isWrong) => ({
    rules: [{ backendRefs: Array.from({ length: isWrong ? 10_001 : 10_000 }, () => ({ name: 'a', namespace: 'b' })) }],
  }),
  'grant-too-many-entries': (isWrong) => ({
    to: Array.from({ length: isWrong ? 17 : 16 }, (_, at) => ({ group: '', kind: 'Service', name: `a${at}` })),
  }),
}

/** The codes of the findings on an example, put into an object of its kind. */
async function codesOf(code: FindingCode, half: 'wrong' | 'right'): Promise<string[]> {
  const fragment = LONG[code]?.(half === 'wrong') ?? parse(EXAMPLES[code][half])
  const fields = Object.keys(fragment)
  const base = fields.some((field) => ['rules', 'parentRefs'].includes(field))
    ? ROUTE
    : 'backend' in fragment
      ? POLICY
      : GRANT
  const isWhole = fields.some((field) => field in GRANT)
  const object = isWhole ? { ...base, ...fragment } : { ...base, spec: { ...base.spec, ...fragment } }
  const other = { ...GRANT, spec: { ...GRANT.spec, to: [{ group: '', kind: 'Service', name: 'tax' }] } }
  // The right form of a reference without a grant is a grant: the reference stays.
  const beside = {
    ...(half === 'right' && { 'not-permitted': [CROSSING] }),
    'grant-duplicate': [other],
    'refused-at-install': [CROSSING],
  }
  const objects = [...(beside[code as keyof typeof beside] ?? []), object]
  const text = objects.map((one) => JSON.stringify(one)).join('\n')
  const folder = folderWith({ 'refgrant.yaml': CONFIG, 'objects.json': text })
  const coverage = coverageOf(await configurationOf(path.join(folder, 'refgrant.yaml')))
  const asked = { paths: [path.join(folder, 'objects.json')], exclude: [] }
  const report = checkOf({ ...(await readInput(asked, coverage, 'check')), tool: 'helm' }, coverage, new Set())
  return report.findings.map((finding) => finding.code)
}

suite('each finding has a page with an example of it, and of the same without it:', () => {
  for (const code of CODES)
    test(code, async () => {
      assert.ok((await codesOf(code, 'wrong')).includes(code))
      assert.ok(!(await codesOf(code, 'right')).includes(code))
    })
})

/** Where the documentation is: the package does not have it. */
const PAGE = 'https://github.com/refgrant/refgrant/blob/main/docs/findings.md'

test('explain prints the page of a finding, as text and as JSON, and the guide has it under the anchor', async () => {
  const guide = readFileSync('docs/findings.md', 'utf8')
  const [text, json] = await Promise.all([
    refgrant(['explain', 'grant-core-group']),
    refgrant(['explain', 'grant-core-group', '-o', 'json']),
  ])
  assert.equal(
    text.stdout,
    `grant-core-group (error)

What it means: \`core\` is not an alias of the core group.
What to do: write \`""\`.

Wrong:
  to: [{ group: core, kind: Service, name: payments }]
Right:
  to: [{ group: "", kind: Service, name: payments }]

Documentation: ${PAGE}#grant-core-group
`,
  )
  const page = JSON.parse(json.stdout)
  assert.deepEqual(
    [page.apiVersion, page.kind, page.code, page.severity, page.documentation],
    ['refgrant.dev/v1alpha1', 'FindingPage', 'grant-core-group', 'error', `${PAGE}#grant-core-group`],
  )
  assert.ok(guide.includes(`\n${findingPages()}\n<!-- end of the table -->\n`))
  assert.deepEqual(
    [...guide.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading),
    CODES,
  )
})

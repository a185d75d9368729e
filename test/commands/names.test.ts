import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

const GROUP = 'gateway.networking.k8s.io'
const TAX = ROUTE.replace('name: checkout', 'name: tax').replace('name: payments', 'name: tax')
const OTHER = TAX.replace('namespace: shop', 'namespace: market')
const UNUSED = GRANT.replace('name: shop', 'name: unused').replace('name: payments', 'name: ledger')

suite('-o name prints names as kubectl does:', { concurrency: 2 }, () => {
  const cwd = folderWith({ 'all.yaml': [ROUTE, TAX, OTHER, GRANT, UNUSED].join('---\n') })
  const cases: [argv: string[], code: number, lines: string[]][] = [
    [['check', '.'], 1, [`httproute.${GROUP}/tax`, `httproute.${GROUP}/tax`]],
    [['audit', '.'], 1, [`httproute.${GROUP}/tax`, `httproute.${GROUP}/tax`]],
    [['audit', '.', '--unused'], 1, [`referencegrant.${GROUP}/unused`]],
    [['explain', '-f', '.'], 1, [`referencegrant.${GROUP}/shop`]],
    [
      ['grant', '.'],
      0,
      [
        `referencegrant.${GROUP}/httproute-from-market-to-service-tax`,
        `referencegrant.${GROUP}/httproute-from-shop-to-service-tax`,
      ],
    ],
    [['explain', 'grant-core-group'], 0, ['grant-core-group']],
  ]
  for (const [argv, code, lines] of cases)
    test(argv.join(' '), async () => {
      const result = await refgrant([...argv, '-o', 'name'], { cwd })
      assert.deepEqual([result.code, result.stdout.split('\n').toSorted()], [code, ['', ...lines]], result.stderr)
    })

  test('each line is one argument for xargs', async () => {
    const name = `x --server=https://example.com "a'`
    const input = ROUTE.replace('name: checkout', `name: ${JSON.stringify(name)}`)
    const { stdout } = await refgrant(['check', '-', '-o', 'name'], { input })
    assert.equal(stdout, `httproute.${GROUP}/x\\u{20}--server=https://example.com\\u{20}\\u{22}a\\u{27}\n`)
  })

  test('a finding about a grant names the grant', async () => {
    const { stdout } = await refgrant(['check', '-', '-o', 'name'], { input: GRANT.replace('""', 'core') })
    assert.equal(stdout, `referencegrant.${GROUP}/shop\n`)
  })
})

suite('-o yaml prints what -o json does:', { concurrency: 2 }, () => {
  const cwd = folderWith({ 'route.yaml': ROUTE })
  for (const argv of [
    ['check', '.'],
    ['audit', '.'],
    ['explain', '-f', '.'],
    ['explain', 'grant-core-group'],
  ])
    test(argv.join(' '), async () => {
      const [yaml, json] = await Promise.all(
        ['yaml', 'json'].map((format) => refgrant([...argv, '-o', format], { cwd })),
      )
      assert.deepEqual(parse(yaml?.stdout ?? ''), JSON.parse(json?.stdout ?? ''))
    })
})

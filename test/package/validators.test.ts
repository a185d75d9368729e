import assert from 'node:assert/strict'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { startRefgrant } from '../harness/program/refgrant.ts'
import { run } from '../harness/program/run.ts'
import { post } from '../harness/traffic/post.ts'
import { reference, review, route } from '../harness/traffic/reviews.ts'
import { buildPackage } from './build.ts'

const PROGRAMS = ['dist/refgrant.js', 'src/cli.ts']

suite('the functions that the bundle validates by', { timeout: 300_000 }, () => {
  before(buildPackage)

  test('say the same of a configuration as Ajv', async () => {
    const mistakes = [
      'mod: warn',
      'budgets: { eachNamespace: { burst: 0, perSecond: 0 } }',
      'guardedFields: [{ path: "" }]',
      'exempt: { users: 7 }',
      'mode: never',
    ]
    const text = `apiVersion: refgrant.dev/v1alpha1\nkind: Configuration\n${mistakes.join('\n')}\n`
    const file = path.join(folderWith({ 'refgrant.yaml': text }), 'refgrant.yaml')
    const results = await Promise.all(
      PROGRAMS.map((program) => run(process.execPath, [program, 'manifests', 'webhook', '--config', file])),
    )
    const [bundle, source] = results
    assert.deepEqual(bundle, source)
    assert.equal(bundle?.code, 2)
    for (const told of ['did you mean mode?', 'must be at least 1', 'must be more than 0', 'must be a list'])
      assert.ok(bundle?.stderr.includes(told), told)
  })

  test('say the same of a review as Ajv', async (context) => {
    const grants = ['--grants', folderWith({ 'none.yaml': '' })]
    const servers = await Promise.all(PROGRAMS.map((program) => startRefgrant({ program, grants })))
    context.after(() => Promise.all(servers.map((server) => server.stop())))
    const good = JSON.parse(review(route(reference('payments', 'billing'))))
    const changed = (request: object) => JSON.stringify({ ...good, request: { ...good.request, ...request } })
    const bad = [
      '{}',
      JSON.stringify({ ...good, kind: 'Pod' }),
      changed({ uid: '\u{1f600}'.repeat(1_000) }),
      changed({ operation: 'READ' }),
      changed({ operation: 'UPDATE', oldObject: null }),
      changed({ userInfo: { groups: [7] } }),
      changed({ kind: { group: '', version: 'v1', kind: '' } }),
    ]
    for (const body of [...bad, JSON.stringify(good)]) {
      const answers = await Promise.all(servers.map(({ url, ca }) => post(`${url}/deny`, body, { ca })))
      const [bundle, source] = answers.map(({ status, body }) => ({ status, body }))
      assert.deepEqual(bundle, source)
      assert.equal(bundle?.status, bad.includes(body) ? 400 : 200, body)
    }
  })
})

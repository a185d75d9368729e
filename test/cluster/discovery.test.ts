import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { discoverKinds } from '../../src/cluster/discovery.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'

const GROUP = 'example.com'
const versions = [{ version: 'v2' }, { version: 'v1' }]

async function start(t: TestContext) {
  const server = await FakeApiServer.start()
  t.after(() => server.close())
  const api = new Api(connectionFrom({ kubeconfig: server.kubeconfig() }))
  return { server, discover: () => discoverKinds(api, GROUP, AbortSignal.timeout(20_000)) }
}

suite('discovery', { timeout: 300_000 }, () => {
  test('returns every kind of a group with very many, each in the first version that serves it', async (t) => {
    const { server, discover } = await start(t)
    const kinds = discover()
    ;(await server.expect('/apis')).answer({ groups: [{ name: GROUP, versions }] })
    const many = Array.from({ length: 20_000 }, (_, n) => ({ name: `kinds${n}`, kind: `Kind${n}`, namespaced: true }))
    ;(await server.expect(`/apis/${GROUP}/v2`)).answer({ resources: many })
    const old = [{ name: 'olds', kind: 'Old', namespaced: false }, { name: 'kinds0/status', kind: 'Kind0' }, many[0]]
    ;(await server.expect(`/apis/${GROUP}/v1`)).answer({ resources: old })
    const found = await kinds
    assert.equal(found.length, 20_001)
    const [first, last] = [found[0], found.at(-1)]
    assert.deepEqual([first?.kind, first?.path], ['Kind0', `/apis/${GROUP}/v2`])
    assert.deepEqual([last?.kind, last?.path, last?.namespaced], ['Old', `/apis/${GROUP}/v1`, false])
  })

  for (const answer of [{}, null, { groups: null }, { kind: 'Status' }])
    test(`does not treat ${JSON.stringify(answer)} as a cluster without groups`, async (t) => {
      const { server, discover } = await start(t)
      const kinds = discover()
      ;(await server.expect('/apis')).answer(answer)
      await assert.rejects(kinds, { message: '/apis: the answer has no list of groups' })
    })

  test('does not treat an answer without resources as a version without kinds', async (t) => {
    const { server, discover } = await start(t)
    const kinds = discover()
    ;(await server.expect('/apis')).answer({ groups: [{ name: GROUP, versions }] })
    ;(await server.expect(`/apis/${GROUP}/v2`)).answer({})
    await assert.rejects(kinds, { message: `/apis/${GROUP}/v2: the answer has no list of resources` })
  })
})

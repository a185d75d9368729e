import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Api } from '../../src/cluster/api.ts'
import { connectionFrom } from '../../src/cluster/connection.ts'
import { readableGrants } from '../../src/cluster/readable-grants.ts'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'

const GROUP = 'gateway.networking.k8s.io'

/** What a caller who may not list all grants is told, for references into these namespaces. */
async function unreadFor(namespaces: readonly string[]): Promise<readonly string[]> {
  const server = await FakeApiServer.start()
  const resources = [{ name: 'referencegrants', kind: 'ReferenceGrant', namespaced: true }]
  server.respond = (exchange) => {
    if (exchange.path === '/apis') exchange.answer({ groups: [{ name: GROUP, versions: [{ version: 'v1' }] }] })
    else if (exchange.path === `/apis/${GROUP}/v1`) exchange.answer({ resources })
    else if (exchange.path.includes('/namespaces/billing/'))
      exchange.answer({ metadata: { resourceVersion: '1' }, items: [] })
    else exchange.refuse(403)
  }
  try {
    const api = new Api(connectionFrom({ kubeconfig: server.kubeconfig() }))
    const coverage = new Coverage(guardedFields)
    const read = await readableGrants(api, coverage, new Set(namespaces), () => {}, AbortSignal.timeout(60_000))
    return read.unread
  } finally {
    server.close()
  }
}

const RESOURCE = `referencegrants.${GROUP}`

test('a caller who may not list all grants is told which namespaces were searched', async () => {
  assert.deepEqual(await unreadFor(['billing']), [
    `you may not list ${RESOURCE} in all namespaces; this searched only namespace "billing"`,
  ])
  assert.deepEqual(await unreadFor(['billing', 'stock']), [`you may not list ${RESOURCE} in namespace "stock"`])
})

test('a caller without a reference into another namespace is told nothing about grants, of which none is needed', async () => {
  assert.deepEqual(await unreadFor([]), [])
})

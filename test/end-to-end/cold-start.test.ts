import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { type Cluster, startCluster } from '../harness/control-plane/cluster.ts'
import { grant } from '../harness/objects/objects.ts'
import { startRefgrant } from '../harness/program/refgrant.ts'

const GRANTS = 1_000

let cluster: Cluster

before(async () => {
  cluster = await startCluster()
})
after(() => cluster?.controlPlane.stop())

/** What the image forbids Node: nothing that the server needs. */
const PERMISSION = ['--permission', '--allow-fs-read=*']

test(`the bundle starts, knows ${GRANTS} grants, and tells how long that took`, async (context) => {
  execFileSync('make', ['--no-print-directory', 'dist/refgrant.js'], { stdio: 'ignore' })
  await cluster.namespaces('billing')
  for (let from = 0; from < GRANTS; from += 50) {
    const batch = Array.from({ length: 50 }, (_, index) =>
      grant({ name: `grant-${from + index}`, to: `service-${from + index}` }),
    )
    await Promise.all(batch.map((object) => cluster.controlPlane.api.apply(object)))
  }
  const begun = performance.now()
  const grants = ['--kubeconfig', cluster.account]
  const refgrant = await startRefgrant({
    certs: cluster.certs,
    grants,
    program: 'dist/refgrant.js',
    nodeOptions: PERMISSION,
  })
  context.diagnostic(`process start to ready with ${GRANTS} grants: ${Math.round(performance.now() - begun)} ms`)
  try {
    assert.equal(await refgrant.metric('refgrant_grants'), GRANTS)
    assert.equal(refgrant.log.find(({ msg }) => msg === 'synced')?.streamed, true)
  } finally {
    await refgrant.stop()
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MOST_REFERENCES } from '../../src/policy/crossing.ts'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

/** A route with more references than the limit, and a grant that permits all of them. */
const cwd = folderWith({
  'grant.yaml': GRANT,
  'route.json': JSON.stringify({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'checkout', namespace: 'shop' },
    spec: {
      rules: [
        {
          backendRefs: Array.from({ length: MOST_REFERENCES + 1 }, () => ({ name: 'payments', namespace: 'billing' })),
        },
      ],
    },
  }),
})

test('check reports an error for an object with too many references, since the webhook denies it', async () => {
  const { code, stdout } = await refgrant(['check', '.'], { cwd })
  assert.equal(code, 1, stdout)
  assert.match(
    stdout,
    /^route\.json:1: error: HTTPRoute "checkout" in namespace "shop" is too large to be judged: it has 10001 references to other namespaces; the limit is 10000\. Split the object into several objects\. \[too-many-references\]$/m,
  )
})

test('audit says that it is not complete', async () => {
  const { code, stdout } = await refgrant(['audit', '.', '-o', 'json'], { cwd })
  const { complete, problems } = JSON.parse(stdout)
  assert.deepEqual([code, complete, problems.length], [2, false, 1])
})

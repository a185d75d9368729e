import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReadingRoom } from '../../src/cluster/reading-room.ts'
import type { Grant } from '../../src/policy/grant.ts'

const KIB = 1024
const UNLIMITED = { all: Infinity, eachNamespace: Infinity }

/** A grant that takes about 1 KiB. */
const grant = (namespace: string, index: number): Grant => ({
  namespace,
  name: `grant-${index}`,
  from: [{ group: 'a', kind: 'A', namespace: 'shop' }],
  to: [{ group: '', kind: 'Service', name: 'x'.repeat(KIB) }],
})

test('when the reads in flight exceed the bound, the largest becomes incomplete, and the others stay complete', () => {
  const room = new ReadingRoom(64 * KIB)
  const [large, small] = [room.open(undefined, UNLIMITED), room.open(undefined, UNLIMITED)]
  for (let count = 0; count < 10; count += 1) small.set(grant('small', count))
  for (let count = 0; count < 200; count += 1) large.set(grant('large', count))
  assert.deepEqual([small.size, large.size], [10, 0])
  assert.deepEqual([[...small.incomplete], [...large.incomplete]], [[], ['large']])
  room.close(large)
  const next = room.open(undefined, UNLIMITED)
  for (let count = 0; count < 30; count += 1) next.set(grant('next', count))
  assert.equal(next.size, 30, 'what has ended takes no room')
})

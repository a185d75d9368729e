import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import { mock, test } from 'node:test'
import timers from 'node:timers/promises'
import fc from 'fast-check'
import { pino } from 'pino'
import type { Api } from '../../src/cluster/api.ts'
import { Reflector } from '../../src/cluster/reflector.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { ChangingCluster, type Step, stepOf } from '../harness/changing-cluster.ts'
import { GrantMap } from '../harness/grant-map.ts'

// The reflector's pauses are one turn of the event loop.
mock.method(timers, 'setTimeout', (_: number, value: unknown) => timers.setImmediate(value))
syncBuiltinESMExports()

/** Turns of the event loop after which the reflector has caught up: a list of all pages, or some failed tries. */
const SETTLED = 200

/** What an index holds, or a cluster: each grant's name with its target. */
const contentOf = (store: GrantMap) => store.targets
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await timers.setImmediate()
}

/** Runs a reflector through what happens to a cluster, and some turns after each; gives what it knows in the end. */
async function follow(steps: readonly (readonly [Step, number])[], repeats: number) {
  const cluster = new ChangingCluster(repeats)
  const index = new GrantMap()
  const reflector = new Reflector({
    kind: REFERENCE_GRANT,
    api: cluster as unknown as Api,
    store: index,
    logger: pino({ level: 'silent' }),
    now: () => cluster.now,
  })
  const stop = new AbortController()
  const ended = reflector.run(stop.signal)
  for (const [step, pause] of steps) {
    cluster.take(step)
    await turns(pause)
    // What is sent twice may bring back for a moment what is gone.
    if (repeats === 0) assert.ok(cluster.hasBeen(contentOf(index)), 'what is known was true at some moment')
  }
  cluster.take({ what: 'mend' })
  await turns(SETTLED)
  const known = contentOf(index)
  stop.abort()
  cluster.take({ what: 'cut' })
  await ended
  return { known, there: cluster.content, lists: reflector.lists, watches: reflector.watches }
}

const scripts = fc.array(fc.tuple(stepOf, fc.nat(8)), { maxLength: 60, size: 'max' })

test('whatever happens to a cluster and its watches, and however often events come, the index ends as the cluster', async () => {
  const seen = { expired: 0, broken: 0, api: 0, unproven: 0, stuck: 0, start: 0, timeout: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(scripts, fc.nat(3), async (steps, repeats) => {
      const { known, there, lists, watches } = await follow(steps, repeats)
      assert.deepEqual(known, there)
      for (const [what, count] of Object.entries({ ...lists, ...watches })) seen[what as keyof typeof seen] += count
    }),
    { numRuns: 200 },
  )
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what} has come about`)
})

import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import { mock, test } from 'node:test'
import timers from 'node:timers/promises'
import fc from 'fast-check'
import { pino } from 'pino'
import type { Api, StreamOptions } from '../../src/cluster/api.ts'
import { grantResource } from '../../src/cluster/grant-resource.ts'
import { Reflector } from '../../src/cluster/reflector.ts'
import type { Grant } from '../../src/policy/grant.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { ChangingCluster, LARGE, type Step } from '../harness/stand-ins/changing-cluster.ts'
import { ClusterRecorder } from '../harness/stand-ins/cluster-recorder.ts'
import { GrantMap } from '../harness/stand-ins/grant-map.ts'

// The reflector's pauses are one turn of the event loop.
mock.method(timers, 'setTimeout', (_: number, value: unknown) => timers.setImmediate(value))
syncBuiltinESMExports()

/** Turns of the event loop after which what was sent has arrived, and after which some retries have failed, too. */
const ARRIVED = 20
const SETTLED = 200

const names = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const write = fc.record({
  what: fc.constant('write' as const),
  name: names,
  target: fc.constantFrom('x', 'y', 'z', LARGE),
})
const times = fc.integer({ min: 1, max: 4 })
const wait = (milliseconds: number) => ({ what: 'wait' as const, milliseconds })

/** Watches that last their time, and whose end proves the store complete: each after the first lasts 2 s less. */
const quiet = (count: number): Step[] =>
  Array.from({ length: count }, (_, at): Step[] => [
    wait(at === 0 ? 28_000 : 26_000),
    { what: 'bookmark' },
    wait(2_000),
    { what: 'end' },
  ]).flat()

/** Any step, with weights such that all kinds of lists and ends occur. */
const steps: fc.Arbitrary<Step[]> = fc.oneof(
  { arbitrary: fc.tuple(write), weight: 10 },
  { arbitrary: fc.tuple(fc.record({ what: fc.constant('delete' as const), name: names })), weight: 6 },
  {
    arbitrary: fc.tuple(fc.record({ what: fc.constantFrom('cut', 'end', 'compact', 'bookmark', 'bookmark') })),
    weight: 10,
  },
  { arbitrary: fc.tuple(fc.record({ what: fc.constantFrom('fail', 'start'), times })), weight: 3 },
  {
    arbitrary: fc.tuple(fc.record({ what: fc.constantFrom('install', 'install', 'install', 'uninstall') })),
    weight: 2,
  },
  { arbitrary: fc.tuple(fc.record({ what: fc.constant('stream' as const), streams: fc.boolean() })), weight: 1 },
  { arbitrary: fc.tuple(fc.constantFrom(500, 2_000, 10_000, 61_000).map(wait)), weight: 6 },
  { arbitrary: fc.constantFrom(1, 2, 13).map(quiet), weight: 2 },
)
const scripts = fc.array(fc.tuple(steps, fc.nat(8)), { maxLength: 60, size: 'max' })

/** The delay of everything that the API server sends, in ms. */
const lags = fc.constantFrom(0, 0, 400, 3_000, 25_000)

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await timers.setImmediate()
}

/** The answer to a watch begins immediately, whatever the delay of what follows. */
class AnsweringCluster extends ChangingCluster {
  override async *stream(path: string, keep: StreamOptions, signal: AbortSignal) {
    keep.opened?.()
    yield* super.stream(path, keep, signal)
  }
}

/** Compares the store with the history of the cluster. */
function judge({ history }: ChangingCluster, store: GrantMap, { completeAt }: Reflector<Grant>): void {
  for (const [name, target] of Object.entries(store.targets))
    assert.ok(history.wasSince(name, target, completeAt), `${name} was there since all was known`)
  for (const { name, target } of history.alwaysSince(completeAt))
    if (target === LARGE) assert.ok(store.incomplete.size > 0, `that ${name} cannot be kept is known`)
    else assert.equal(store.targets[name], target, 'what was there when all was known, and is there, is known')
}

/** Runs a reflector through these steps, with some turns after each; returns the final content of its store. */
async function follow(script: readonly (readonly [Step[], number])[], repeats: number, lag: number) {
  const cluster = new AnsweringCluster(repeats, lag)
  const store = new GrantMap()
  const counts = new ClusterRecorder()
  const reflector = new Reflector({
    resource: grantResource(REFERENCE_GRANT),
    api: cluster as unknown as Api,
    store,
    observer: counts,
    logger: pino({ level: 'silent' }),
    now: () => cluster.now,
  })
  const stop = new AbortController()
  const ended = reflector.run(stop.signal)
  let proven = 0
  for (const [steps, pause] of script) {
    for (const step of steps) {
      // Process what has arrived before time passes.
      if (step.what === 'wait') await turns(ARRIVED)
      const before = { lists: total(counts.lists), completeAt: reflector.completeAt }
      cluster.take(step)
      await turns(pause)
      if (reflector.completeAt > before.completeAt && total(counts.lists) === before.lists) proven += 1
      // An event that is sent twice may restore a deleted object for a moment.
      if (repeats === 0) judge(cluster, store, reflector)
    }
  }
  cluster.take({ what: 'repair' })
  await turns(SETTLED)
  stop.abort()
  await ended
  return { cluster, store, seen: { ...counts.lists, ...counts.watches, proven } }
}

const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, count) => sum + count, 0)

test('whatever happens to a cluster and its watches, the store is true as of the time up to which it is complete, and ends equal to the cluster', async () => {
  const all = {
    ...{ start: 0, unproven: 0, expired: 0, api: 0, incomplete: 0 },
    ...{ timeout: 0, broken: 0, refused: 0, proven: 0 },
  }
  await fc.assert(
    fc.asyncProperty(scripts, fc.nat(3), lags, async (script, repeats, lag) => {
      const { cluster, store, seen } = await follow(script, repeats, lag)
      const there = [...cluster.history.content]
      assert.deepEqual(store.targets, Object.fromEntries(there.filter(([, target]) => target !== LARGE)))
      if (there.some(([, target]) => target === LARGE)) assert.deepEqual([...store.incomplete], ['billing'])
      for (const [what, count] of Object.entries(seen)) all[what as keyof typeof seen] += count
    }),
    { numRuns: 200 },
  )
  for (const [what, count] of Object.entries(all)) assert.ok(count > 0, `${what} has come about`)
})

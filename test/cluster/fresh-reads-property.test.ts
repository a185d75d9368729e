import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import type { Api, RequestOptions } from '../../src/cluster/api.ts'
import { Budget } from '../../src/cluster/budget.ts'
import { FairQueue } from '../../src/cluster/fair-queue.ts'
import { FreshReads } from '../../src/cluster/fresh-reads.ts'
import { ReadingRoom } from '../../src/cluster/reading-room.ts'
import type { ProjectorOptions } from '../../src/json/projector.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { ClusterRecorder } from '../harness/stand-ins/cluster-recorder.ts'

const GROUP = 'gateway.networking.k8s.io'
/** Places of small and of large namespaces. */
const AT_ONCE = { small: 2, large: 1 }
const SLOW = 1_000

const namespaces = fc.constantFrom('a', 'b', 'c')
const step = fc.oneof(
  { arbitrary: fc.record({ what: fc.constant('read' as const), namespace: namespaces, owner: namespaces }), weight: 6 },
  {
    arbitrary: fc.record({
      what: fc.constantFrom('end' as const, 'fail' as const, 'grow' as const),
      which: fc.nat(5),
    }),
    weight: 6,
  },
  // An abandoned read is aborted.
  { arbitrary: fc.record({ what: fc.constant('hear' as const) }), weight: 2 },
  { arbitrary: fc.record({ what: fc.constant('turn' as const) }), weight: 3 },
  { arbitrary: fc.record({ what: fc.constant('wait' as const), ms: fc.constantFrom(1, 500, SLOW) }), weight: 4 },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** A request for the grants of one namespace. */
interface Asked {
  readonly namespace: string
  readonly at: number
  readonly signal: AbortSignal
  readonly end: () => void
  readonly fail: (error: unknown) => void
  /** Receives more than a small list has. */
  readonly grow: () => void
  open: boolean
}

/** Fresh reads of an API server whose lists the test ends. */
class Schedule {
  readonly clock = { now: 0 }
  /** What each reader got: when it came, and its result. */
  readonly read: { at: number; by?: number; failed?: true }[] = []
  readonly asked: Asked[] = []
  readonly reads: FreshReads
  readonly counts = new ClusterRecorder()
  readonly #budget: Budget
  #at = 0

  constructor() {
    const now = () => this.clock.now
    this.#budget = new Budget({ burst: 2, perSecond: 0.5 }, { burst: 1, perSecond: 0.2 }, now)
    this.reads = new FreshReads({
      api: { get: this.#get, project: this.#project } as unknown as Api,
      kind: REFERENCE_GRANT,
      queues: { small: new FairQueue(AT_ONCE.small, SLOW), large: new FairQueue(AT_ONCE.large, SLOW) },
      cached: (namespace) => (namespace.startsWith('full') ? 300_000 : 0),
      reading: new ReadingRoom(1024 * 1024),
      most: Infinity,
      observer: this.counts,
      now,
      absent: () => false,
    })
  }

  readonly #get = async (path: string) =>
    path === '/apis'
      ? { groups: [{ name: GROUP, versions: [{ version: 'v1' }] }] }
      : { resources: [{ name: 'referencegrants', kind: 'ReferenceGrant', namespaced: true }] }

  readonly #project = (path: string, keep: ProjectorOptions, signal: AbortSignal, options: RequestOptions) => {
    const [, namespace = ''] = /namespaces\/([^/]+)\//.exec(path) ?? []
    const number = this.asked.length
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#at += 1
    const close = (how: () => void) => () => {
      one.open = false
      how()
    }
    const one: Asked = {
      namespace,
      at: this.#at,
      signal,
      open: true,
      end: close(() => {
        keep.element?.({ metadata: { namespace, name: `${number}` } }, true)
        keep.document({ metadata: { resourceVersion: '1' }, items: 1 }, true, { bytes: 0, values: 0, nesting: 0 })
        options.received?.(100_000)
        resolve()
      }),
      fail: (error) => close(() => reject(error))(),
      grow: () => {
        try {
          options.received?.(300_000)
        } catch (error) {
          one.fail(error)
        }
      },
    }
    this.asked.push(one)
    return promise
  }

  /** Lists in flight that were not aborted. */
  get running(): Asked[] {
    return this.asked.filter(({ open, signal }) => open && !signal.aborted)
  }

  async take(step: Step): Promise<void> {
    switch (step.what) {
      case 'read':
        this.ask(step.namespace, step.owner)
        break
      case 'hear':
        this.hear()
        break
      case 'turn':
        await turn()
        break
      case 'wait':
        this.clock.now += step.ms
        mock.timers.tick(step.ms)
        await turn()
        break
      case 'end':
        this.running[step.which % this.running.length]?.end()
        break
      case 'grow':
        this.running[step.which % this.running.length]?.grow()
        break
      case 'fail':
        this.running[step.which % this.running.length]?.fail(new Error('as scripted'))
    }
  }

  hear(): void {
    for (const { open, signal, fail } of this.asked) if (open && signal.aborted) fail(signal.reason)
  }

  /** Asks for a fresh read. */
  ask(namespace: string, owner: string): void {
    this.#at += 1
    const one: Schedule['read'][number] = { at: this.#at }
    const result = this.reads.read(namespace, owner, () => this.#budget.take(owner))
    if (!result) return
    this.read.push(one)
    result.then(
      ({ grants }) => {
        one.by = Number([...grants][0]?.name)
      },
      () => {
        one.failed = true
      },
    )
  }
}

test('in any order of readers, results, failures, slow reads and spent budgets, each reader gets a read that began after it came, or a failure', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const seen = { answered: 0, failed: 0, shared: 0, over_budget: 0, replaced: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), fc.boolean(), async (steps, fails) => {
      const schedule = new Schedule()
      const { reads, read, asked } = schedule
      for (const one of steps) {
        await schedule.take(one)
        for (const [namespace, lists] of Map.groupBy(schedule.running, ({ namespace }) => namespace))
          assert.ok(lists.length <= 2, `at most two lists of ${namespace} are on their way`)
        for (const { at, by } of read)
          if (by !== undefined) assert.ok(Number(asked[by]?.at) > at, 'it was read since the reader came')
      }
      for (let rest = 0; rest < 20; rest += 1) {
        for (const one of schedule.running) fails ? one.fail(new Error('as scripted')) : one.end()
        schedule.hear()
        await turn()
        await schedule.take({ what: 'wait', ms: SLOW })
      }
      assert.ok(
        read.every(({ by, failed }) => by !== undefined || failed),
        'every reader gets an answer',
      )
      seen.answered += read.filter(({ by }) => by !== undefined).length
      seen.failed += read.filter(({ failed }) => failed).length
      seen.replaced += asked.filter(({ signal }) => signal.aborted).length
      seen.shared += schedule.counts.freshReads.shared
      seen.over_budget += schedule.counts.freshReads.over_budget
      assert.equal(reads.active, 0, 'nothing is kept of a namespace whose reads have ended')
      schedule.clock.now += 60_000
      for (const namespace of ['d', 'e', 'f', 'full-a', 'full-b']) schedule.ask(namespace, namespace)
      await schedule.take({ what: 'turn' })
      assert.deepEqual(
        schedule.running.map(({ namespace }) => namespace),
        ['d', 'e', 'full-a'],
        'the queues have all their places',
      )
      for (let rest = 0; rest < 2; rest += 1) {
        for (const one of schedule.running) one.end()
        await schedule.take({ what: 'turn' })
      }
    }),
    { numRuns: 500 },
  )
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what} has come about`)
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { added, type Content, content, grantOf, grantsOf, neighbours } from '../harness/stand-ins/generated-cluster.ts'
import { MIB, numbered, reference, review, route } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'
import { attacked } from './attacked-cluster.ts'
import { atOnce, send } from './send.ts'
import type { Siege, Victim } from './siege.ts'

/** Members of `metadata` that make an object so large: labels, of which nothing is needed. */
const labels = (bytes: number) =>
  `,"labels":{${numbered((index) => `"l${index.toString(36)}":"v"`, Math.floor(bytes / 11))}}`

/** As large as an object of etcd can be. */
const LARGE = labels(1.36 * MIB)
const large = (namespace: string) => (index: number) => grantOf(namespace, `grant-${index}`, { metadata: LARGE })

/** As large, in one text. */
const ANNOTATION = `,"annotations":{"a":"${'x'.repeat(1.36 * MIB)}"}`
const annotated = (index: number) => grantOf('target', `grant-${index}`, { metadata: ANNOTATION })

const ready = async (victim: Victim) => {
  await until('the server is ready', async () => (await victim.health('/readyz')) === 'ok\n')
}

/** Many reviews need a fresh read of one namespace. */
const readAfresh = (namespace: string, times: number) => async (victim: Victim) => {
  const body = review(route(reference('vault', namespace)))
  await atOnce(times, () => send(victim, '/validate/deny?timeout=10s', body))
}

/** One object so large: in its labels, in one text of its spec, in its number of entries. */
const huge: Record<string, (bytes: number) => string> = {
  labels: (bytes) => grantOf('target', 'huge', { metadata: labels(bytes) }),
  text: (bytes) => grantOf('target', 'huge', { metadata: `,"annotations":{"a":"${'x'.repeat(bytes)}"}` }),
  spec: (bytes) => {
    const to = numbered((index) => `{"group":"","kind":"Service","name":"s-${index}"}`, Math.floor(bytes / 50))
    return grantOf('target', 'huge', { spec: `{"from":[],"to":[${to}]}` })
  },
}

/** What the cluster holds, what a siege is to know, and what is done. */
type Attack = [content: () => Content, siege: Siege, attack: Parameters<typeof attacked>[4]]

const quiet = content(0, large('target'))

/** A watch that says this, once the server is ready. */
const told = (lines: () => Iterable<string>): Attack => [
  () => quiet,
  { passes: false },
  async (_victim, cluster) => {
    const watches = cluster.asked('watch=')
    let all = false
    cluster.content = {
      ...quiet,
      watch: function* () {
        try {
          yield* lines()
        } finally {
          // Also where the server has broken it off.
          all = true
        }
      },
    }
    cluster.endWatches()
    await until('all is told', () => all)
    assert.ok(cluster.asked('watch=') > watches)
  },
]

function* times(count: number, make: (index: number) => string): Iterable<string> {
  for (let index = 0; index < count; index += 1) yield make(index)
}

const attacks: Record<string, Attack> = {
  '60 grants of 1.36 MiB, at the start': [() => content(60, large('target')), { ready: false }, ready],
  '60 grants of 1.36 MiB, at the start, by a list that is streamed': [
    () => content(60, large('target'), { streams: true }),
    { ready: false },
    ready,
  ],
  '60 grants of 1.36 MiB, in a fresh read': [
    () => ({
      list: (namespace) => (namespace === 'target' ? grantsOf([], 60, large('target')) : quiet.list(namespace)),
    }),
    {},
    readAfresh('target', 20),
  ],
  '100 events of 1.36 MiB': told(() => times(100, (index) => added(large('target')(index % 10)))),
  'an event that does not end, of 100 MiB': told(() => [
    '{"type":"ADDED","object":{"x":"',
    ...times(100, () => 'x'.repeat(MIB)),
  ]),
  'events without number': told(() => times(50_000, (index) => added(grantOf('target', `grant-${index % 100}`)))),
  'garbage in a watch': told(() => times(50, () => `${'['.repeat(MIB)}\n`)),
  'a list of 1 GiB': [() => content(750, annotated), { ready: false }, ready],
  'a list without end, in a fresh read': [
    () => ({
      // As many pages as there are, each of which has one grant.
      list: (namespace) =>
        namespace === 'target'
          ? grantsOf([], Infinity, (index) => grantOf('target', `${index}`))
          : quiet.list(namespace),
    }),
    {},
    readAfresh('target', 20),
  ],
  'discovery of 64 MiB': [
    () => quiet,
    { passes: false, mayShed: true },
    async (victim, cluster) => {
      let asked = 0
      const resource = JSON.stringify({ name: 'x'.repeat(200), kind: 'X', namespaced: true, verbs: ['get', 'list'] })
      const resources = () => {
        asked += 1
        return times(64 * 4_096, () => resource)
      }
      cluster.content = { ...quiet, resources, served: false }
      cluster.endWatches()
      await until('it is asked for twice', () => asked > 1)
      cluster.content = quiet
      await ready(victim)
    },
  ],
}
for (const [title, make] of Object.entries(huge)) {
  attacks[`one object of 64 MiB (${title}), at the start`] = [
    () => ({
      list: (namespace) =>
        grantsOf([neighbours, ...(namespace === 'billing' ? [] : [make(64 * MIB)])], 0, large('target')),
    }),
    { ready: false },
    ready,
  ]
  attacks[`one object of 64 MiB (${title}), in a fresh read`] = [
    () => ({
      list: (namespace) =>
        namespace === 'target' ? grantsOf([make(64 * MIB)], 0, large('target')) : quiet.list(namespace),
    }),
    {},
    readAfresh('target', 4),
  ]
  attacks[`one object of 64 MiB (${title}), by a watch`] = told(() => [added(make(64 * MIB))])
}

suite('answers of the API server', () => {
  for (const [name, [content, siege, attack]] of Object.entries(attacks))
    test(name, { timeout: 300_000 }, (context) => attacked(context, name, content(), siege, attack))
})

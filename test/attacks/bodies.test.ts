import { suite, test } from 'node:test'
import {
  commaRoute,
  filled,
  MIB,
  nested,
  numbered,
  reference,
  repeated,
  review,
  route,
} from '../harness/traffic/reviews.ts'
import { atOnce, send } from './send.ts'
import { withstand } from './siege.ts'

/** Just below the largest review that is taken, in bytes. */
const LARGE = 7.9 * MIB

const validate = '/validate/deny?timeout=10s'

/** What is sent, where, and how many at once. */
interface Volley {
  readonly path?: string
  readonly count: number
  readonly bodies: () => readonly (string | Buffer)[]
  readonly headers?: Record<string, string>
}

const spec = (value: string) => `{"spec":${value}}`

/** A review whose user has this, too. */
const reviewOf = (user: string) =>
  review(route(reference('vault', 'treasury'))).replace('"username":', `${user},"username":`)

const volleys: Record<string, Volley> = {
  'advice on 0.9 MiB of zeros': {
    path: '/advise',
    count: 4,
    bodies: () => [review(spec(`{"from":[${filled('0', 0.9 * MIB)}],"to":[]}`), { kind: 'ReferenceGrant' })],
  },
  'advice on entries of every wrong kind': {
    path: '/advise',
    count: 4,
    bodies: () =>
      ['{}', 'null', '{"group":"core","kind":"services","namespace":"*","name":""}'].map((entry) => {
        const entries = filled(entry, LARGE / 2)
        return review(spec(`{"from":[${entries}],"to":[${entries}]}`), { kind: 'ReferenceGrant' })
      }),
  },
  '240,000 references': { count: 1, bodies: () => [review(route(repeated('{"namespace":"b"}', 240_000)))] },
  '240,000 references, ten at once': {
    count: 10,
    bodies: () => [review(route(repeated('{"namespace":"b"}', 240_000)))],
  },
  '0.7 MiB of empty references, two at once': { count: 2, bodies: () => [review(route(filled('{}', 0.7 * MIB)))] },
  '0.7 MiB of empty references, 30 at once': { count: 30, bodies: () => [review(route(filled('{}', 0.7 * MIB)))] },
  'references to as many namespaces as fit': {
    count: 2,
    bodies: () => [review(route(numbered((index) => `{"namespace":"${index.toString(36)}"}`, 340_000)))],
  },
  '9,000 references to as many namespaces': {
    count: 20,
    bodies: () => [review(route(numbered((index) => reference('vault', `n-${index}`), 9_000)))],
  },
  '8 MiB beyond Latin-1, eight at once': {
    count: 8,
    bodies: () => [review(`{"x":"${'x'.repeat(LARGE)}\u{2028}"}`)],
  },
  '8 MiB of escapes, eight at once': { count: 8, bodies: () => [review(`{"x":"${'\\u2028'.repeat(LARGE / 6)}"}`)] },
  '8 MiB of invalid UTF-8, eight at once': {
    count: 8,
    bodies: () => {
      const body = Buffer.from(review(`{"x":"${'x'.repeat(LARGE)}"}`))
      return [body.fill(0xff, 1_000, body.length - 1_000)]
    },
  },
  'a number of 8 MiB': { count: 4, bodies: () => [review(`{"x":1${'0'.repeat(LARGE)}}`)] },
  'a list of small values, ten at once': {
    count: 10,
    bodies: () => ['0', '{}', '[]', '""', '{"a":{}}'].map((unit) => review(`{"x":[${filled(unit, LARGE)}]}`)),
  },
  'as many keys as fit': {
    count: 4,
    bodies: () => [review(`{"x":{${numbered((index) => `"${index.toString(36)}":0`, 800_000)}}}`)],
  },
  'one key again and again': { count: 4, bodies: () => [review(`{"x":{${filled('"a":0', LARGE)}}}`)] },
  'nesting under CREATE': {
    count: 4,
    bodies: () => [
      review(spec(nested('[', '', ']', 3_900_000))),
      review(spec(nested('{"a":', '0', '}', 1_300_000))),
      review(spec(nested('[', '', ']', 200_000))),
    ],
  },
  'nesting under UPDATE': {
    count: 4,
    bodies: () =>
      [2_000, 50_000, 500_000].map((depth) =>
        review(spec(nested('{"a":', '0', '}', depth)), {
          operation: 'UPDATE',
          oldObject: spec(nested('{"a":', '1', '}', depth)),
        }),
      ),
  },
  'numbers for names, nested, under UPDATE': {
    count: 8,
    bodies: () => {
      const numbers = (last: string) => {
        const more = repeated(nested('{"34":', last, '}', 900), 131)
        return `{"spec":{"rules":[{"backendRefs":[${reference('vault', 'treasury')}]}],"more":[${more}]}}`
      }
      return [review(numbers('0'), { operation: 'UPDATE', oldObject: numbers('1') })]
    },
  },
  'large lists under UPDATE': {
    count: 8,
    bodies: () => [
      review(route(filled('{"namespace":"b"}', LARGE / 2)), {
        operation: 'UPDATE',
        oldObject: route(filled('{"namespace":"c"}', LARGE / 2)),
      }),
    ],
  },
  'a username, a name, a namespace, a kind of 7 MiB': {
    count: 4,
    bodies: () => {
      const [long, refs] = ['n'.repeat(7 * MIB), route(reference('vault', 'treasury'))]
      return [
        review(refs, { username: long }),
        review(refs, { name: long }),
        review(refs, { namespace: long }),
        review(refs, { kind: long }),
        review(route(reference(long, 'treasury'))),
        review(route(reference('vault', long))),
        review(refs, { uid: long }),
      ]
    },
  },
  'routes of 594 kB that are full of commas, 30 at once': {
    count: 30,
    bodies: () => [review(commaRoute(reference('vault', 'treasury')))],
  },
  'two million groups, and as many parts of `extra`': {
    count: 4,
    bodies: () => [
      reviewOf(`"groups":[${filled('"g"', LARGE)}]`),
      reviewOf(`"extra":{"e":[${filled('""', LARGE)}]}`),
      reviewOf(`"extra":{${numbered((index) => `"${index.toString(36)}":[]`, 700_000)}}`),
    ],
  },
  'a body of 100 MiB': { count: 4, bodies: () => [Buffer.from(review(`{"x":"${'x'.repeat(100 * MIB)}"}`))] },
  'a body of 100 MiB to a path that is not served': {
    path: '/nowhere',
    count: 4,
    bodies: () => [Buffer.alloc(100 * MIB, ' ')],
  },
  'a body that is said to be packed': {
    count: 8,
    headers: { 'content-encoding': 'gzip' },
    bodies: () => [review(`{"x":"${'x'.repeat(LARGE)}"}`)],
  },
  'garbage of 8 MiB': { count: 8, bodies: () => [Buffer.alloc(LARGE, '{"a'), Buffer.alloc(LARGE, '[')] },
}

/** Bodies of so many bytes together are more than the server need hold at once: it may turn others away meanwhile. */
const MUCH = 16 * MIB

suite('bodies', () => {
  for (const [name, { path = validate, count, bodies, headers = {} }] of Object.entries(volleys)) {
    test(name, (context) => {
      const sent = bodies()
      const mayShed = sent.some(({ length }) => length * count > MUCH)
      return withstand(context, name, { mayShed }, async (victim) => {
        for (const body of sent) await atOnce(count, () => send(victim, path, body, headers))
      })
    })
  }
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type Event, next, START, type State } from '../../src/cluster/reflector-state.ts'

const path = '/apis/x/v1'
const streams = 'yes'
const discover: State = { does: 'discover', reason: 'start', streams }
const list: State = { does: 'list', reason: 'start', path, streams }
const watch: State = { does: 'watch', path, resourceVersion: '7', streams }
const probe: State = { does: 'probe', absent: false, streams }

const served: Event = { is: 'served', path }
const absent: Event = { is: 'not served' }
const listed: Event = { is: 'listed', resourceVersion: '9' }
const advanced: Event = { is: 'advanced', resourceVersion: '9' }
const failed = (status?: number | 'no answer', age = 20_000): Event => ({ is: 'failed', age, status })
const ended = (age: number, lacking = false): Event => ({ is: 'ended', age, lacking })

suite('the next state of a reflector', () => {
  const steps: readonly [title: string, from: State, event: Event, to: State][] = [
    ['discovery finds a version', discover, served, list],
    ['discovery finds none', discover, absent, probe],
    ['discovery fails', discover, failed(503), discover],
    ['a list succeeds', list, listed, { ...watch, resourceVersion: '9' }],
    ['a streamed list fails', list, failed(), { ...discover, streams: 'not now' }],
    ['a plain list fails', { ...list, streams: 'not now' }, failed(410), discover],
    ['a plain list succeeds', { ...list, streams: 'not now' }, listed, { ...watch, resourceVersion: '9' }],
    ['a stream is refused', list, { is: 'stream refused' }, { ...list, streams: 'never' }],
    ['a list fails where none is streamed', { ...list, streams: 'never' }, failed(), { ...discover, streams: 'never' }],
    ['a watch brings something', watch, advanced, { ...watch, resourceVersion: '9' }],
    ['a watch ends with a proof', watch, ended(20_000), watch],
    ['a watch ends without a proof', watch, ended(20_001), { ...discover, reason: 'unproven' }],
    ['a watch ends, and the store lacks something', watch, ended(0, true), { ...discover, reason: 'incomplete' }],
    ['a watch breaks', watch, failed(), watch],
    ['a watch gets no answer', watch, failed('no answer', 0), { ...discover, reason: 'unproven' }],
    ['a watch breaks long after the last proof', watch, failed(undefined, 20_001), { ...discover, reason: 'unproven' }],
    ['a watch is too old', watch, failed(410, 30_000), { ...discover, reason: 'expired' }],
    ['a watch is not found', watch, failed(404, 30_000), { ...discover, reason: 'api' }],
    ['a watch is refused', watch, failed(503), watch],
    ['the API is absent a second time', probe, absent, { ...probe, absent: true }],
    ['the API comes', probe, served, { ...list, reason: 'api' }],
    ['a probe fails', { ...probe, absent: true }, failed(503), { ...discover, reason: 'api' }],
  ]
  for (const [title, from, event, to] of steps) test(`when ${title}`, () => assert.deepEqual(next(from, event), to))
})

test('in any order of events, absence takes two answers, and a watch follows a list', () => {
  const events = fc.constantFrom(
    ...[
      served,
      absent,
      listed,
      advanced,
      failed(),
      failed('no answer'),
      failed(404),
      failed(410),
      ended(0),
      ended(30_000),
    ],
    { is: 'stream refused' } as const,
  )
  fc.assert(
    fc.property(fc.array(events, { maxLength: 30 }), (happened) => {
      let state: State = START
      for (const event of happened) {
        const before = state
        state = next(before, event)
        if (state.does === 'probe' && state.absent) assert.ok(before.does === 'probe', 'there was an answer before')
        if (state.does === 'watch' && before.does !== 'watch') assert.deepEqual([before.does, event], ['list', listed])
      }
    }),
  )
})

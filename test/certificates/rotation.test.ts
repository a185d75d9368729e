import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Authorities } from '../../src/certificates/authorities.ts'
import { issueAuthority } from '../../src/certificates/issue.ts'
import { after, isDue, nextStep, type Situation, type Step } from '../../src/certificates/rotation.ts'
import { validFor } from '../../src/certificates/validity.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const schedule = { authorityLifetime: 30 * DAY, certificateLifetime: 7 * DAY, propagation: MINUTE }
const now = Date.now()
const authority = (daysLeft: number) => issueAuthority(`refgrant ${daysLeft}`, validFor(daysLeft * DAY))
const [fresh, successor, due, expired] = [authority(20), authority(30), authority(9), authority(-0.01)]
const early = issueAuthority('refgrant early', validFor(30 * DAY, now + DAY))

/** A situation in which nothing has to be done, but for a change. */
const situation = (change: Partial<Situation>): Situation => ({
  stored: { current: fresh },
  remembered: undefined,
  trustedFor: 10 * MINUTE,
  ...change,
})

const steps: [title: string, situation: Partial<Situation>, step: Step | undefined][] = [
  ['nothing is stored', { stored: undefined }, 'begin'],
  ['what is stored is lost', { stored: undefined, remembered: { current: fresh } }, 'recover'],
  [
    'what is stored is lost, and an entry does not trust it',
    { stored: undefined, remembered: { current: fresh }, trustedFor: undefined },
    'trust',
  ],
  ['what is lost has expired', { stored: undefined, remembered: { current: expired } }, 'begin'],
  ['all is well', {}, undefined],
  ['another authority is remembered', { remembered: { current: due } }, undefined],
  ['an entry does not trust it', { trustedFor: undefined }, 'trust'],
  ['it is due', { stored: { current: due } }, 'prepare'],
  ['it is due, and an entry does not trust it', { stored: { current: due }, trustedFor: undefined }, 'trust'],
  ['its successor is not trusted', { stored: { current: due, next: successor }, trustedFor: undefined }, 'trust'],
  [
    'its successor is trusted, but not for long',
    { stored: { current: due, next: successor }, trustedFor: MINUTE - 1 },
    undefined,
  ],
  ['its successor is trusted for long', { stored: { current: due, next: successor }, trustedFor: MINUTE }, 'promote'],
  ['its successor expired while it waited', { stored: { current: due, next: expired } }, 'prepare'],
  ['the previous one is valid', { stored: { current: fresh, previous: due.cert } }, undefined],
  ['the previous one has expired', { stored: { current: fresh, previous: expired.cert } }, 'retire'],
  ['it has expired', { stored: { current: expired } }, 'begin'],
  [
    'it has expired, and its successor is not trusted',
    { stored: { current: expired, next: fresh }, trustedFor: undefined },
    'promote',
  ],
  ['it is not valid yet', { stored: { current: early } }, 'begin'],
  ['it is not valid yet, and its successor is', { stored: { current: early, next: fresh } }, 'promote'],
  ['its successor is not valid yet', { stored: { current: due, next: early } }, 'prepare'],
  ['what is lost is not valid yet', { stored: undefined, remembered: { current: early } }, 'begin'],
  ['the previous one is not valid yet', { stored: { current: fresh, previous: early.cert } }, 'retire'],
  ['it and its successor have expired', { stored: { current: expired, next: expired } }, 'begin'],
]
suite('the next step if', () => {
  for (const [title, change, step] of steps)
    test(`${title}: ${step ?? 'none'}`, () => assert.equal(nextStep(situation(change), schedule, now), step))
})

suite('the authorities after', () => {
  const made = authority(40)
  const results: [step: Step | undefined, before: Partial<Situation>, after: Authorities | undefined][] = [
    ['begin', { stored: { current: expired, next: expired } }, { current: made }],
    ['recover', { stored: undefined, remembered: { current: fresh } }, { current: fresh, next: made }],
    [
      'recover',
      { stored: undefined, remembered: { current: fresh, next: successor } },
      { current: fresh, next: successor },
    ],
    ['trust', {}, undefined],
    [
      'prepare',
      { stored: { current: due, previous: expired.cert } },
      { current: due, next: made, previous: expired.cert },
    ],
    ['promote', { stored: { current: due, next: successor } }, { current: successor, previous: due.cert }],
    ['retire', { stored: { current: fresh, previous: expired.cert } }, { current: fresh, next: undefined }],
    [undefined, {}, undefined],
  ]
  for (const [step, before, expected] of results)
    test(`${step ?? 'no step'}${before.remembered?.next ? ' in a change over' : ''}`, () =>
      assert.deepEqual(
        after(step, situation(before), () => made),
        expected,
      ))
})

test('a certificate is due at two thirds of its lifetime, and if it is not valid yet', () => {
  const { cert } = authority(9)
  assert.ok(!isDue(cert, 27 * DAY, now - MINUTE))
  assert.ok(isDue(cert, 27 * DAY, now + MINUTE))
  assert.ok(isDue(cert, 27 * DAY, now - DAY))
})

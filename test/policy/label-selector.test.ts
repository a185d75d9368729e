import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { array, assert as check, constantFrom, dictionary, property, record } from 'fast-check'
import { isMatching, selectedBy, selects } from '../../src/policy/label-selector.ts'

const LABELS = { app: 'payments', tier: 'blue' }

const cases: readonly [title: string, selector: unknown, selected: boolean][] = [
  ['an empty selector selects everything', {}, true],
  ['a missing selector too', undefined, true],
  ['all labels must be equal', { matchLabels: { app: 'payments', tier: 'red' } }, false],
  ['equal labels are enough', { matchLabels: { app: 'payments' } }, true],
  [
    'In names one of the values',
    { matchExpressions: [{ key: 'tier', operator: 'In', values: ['red', 'blue'] }] },
    true,
  ],
  ['In does not select without the label', { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }, false],
  ['NotIn selects without the label', { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] }, true],
  ['NotIn leaves out the value', { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['blue'] }] }, false],
  ['Exists needs the label', { matchExpressions: [{ key: 'a', operator: 'Exists' }] }, false],
  ['DoesNotExist needs its absence', { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
  ['an operator that does not exist selects nothing', { matchExpressions: [{ key: 'tier', operator: 'Has' }] }, false],
  ['labels and expressions count together', { matchLabels: { app: 'x' }, matchExpressions: [] }, false],
]

suite('a label selector', () => {
  for (const [title, selector, selected] of cases) test(title, () => assert.equal(selects(selector, LABELS), selected))

  test('of a Service is a map of labels', () => {
    assert.deepEqual([isMatching({ app: 'payments' }, LABELS), isMatching({ toString: 'x' }, LABELS)], [true, false])
  })
})

suite('a label selector and some of the labels of an object', () => {
  const decided: readonly [title: string, selector: unknown, answer: string][] = [
    ['an empty selector always selects', {}, 'always'],
    ['equal labels decide', { matchLabels: { app: 'payments' } }, 'always'],
    ['another value decides', { matchLabels: { app: 'ledger', other: 'x' } }, 'never'],
    ['a label that is not known does not', { matchLabels: { app: 'payments', other: 'x' } }, 'depends'],
    [
      'NotIn decides by a known label',
      { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['a'] }] },
      'always',
    ],
    [
      'NotIn of another label does not',
      { matchExpressions: [{ key: 'other', operator: 'NotIn', values: ['a'] }] },
      'depends',
    ],
    ['nor its absence', { matchExpressions: [{ key: 'other', operator: 'DoesNotExist' }] }, 'depends'],
    ['an operator that does not exist never selects', { matchExpressions: [{ key: 'x', operator: 'Has' }] }, 'never'],
  ]
  for (const [title, selector, answer] of decided) test(title, () => assert.equal(selectedBy(selector, LABELS), answer))

  test('say the same as all the labels, whatever these are', () => {
    const [key, value] = [constantFrom('a', 'b', 'c'), constantFrom('x', 'y')]
    const labels = dictionary(key, value)
    const operator = constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Has')
    const selector = record({
      matchLabels: labels,
      matchExpressions: array(record({ key, operator, values: array(value, { maxLength: 2 }) }), { maxLength: 2 }),
    })
    const judged = property(selector, labels, labels, (selector, known, more) => {
      const answer = selectedBy(selector, known)
      if (answer !== 'depends') assert.equal(selects(selector, { ...more, ...known }), answer === 'always')
    })
    check(judged, { numRuns: 2_000 })
  })
})

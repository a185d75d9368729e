import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isMatching, selects } from '../../src/policy/label-selector.ts'

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

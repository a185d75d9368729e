import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LastingProblem } from '../../src/certificates/lasting-problem.ts'

test('a problem that lasts is told once, though others come in between', () => {
  const problem = new LastingProblem()
  const found = ['a', 'b', 'a', 'b', 'a', 'a'].map((one) => problem.found(one))
  assert.deepEqual(found, [false, true, true, false, false, false])
  problem.gone()
  assert.deepEqual([problem.found('a'), problem.found('a')], [false, true])
})

test('problems whose words always change are told a hundred times', () => {
  const problem = new LastingProblem()
  const told = Array.from({ length: 1_000 }, (_, n) => problem.found(`at ${n}`))
  assert.equal(told.filter((one) => one).length, 100)
})

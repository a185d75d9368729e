import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProblemReports } from '../../src/system/problem-reports.ts'

/** Reports with a clock, and the problems that were reported, each with its second. */
function reports(tolerated = 0) {
  const clock = { now: 0 }
  const reported: string[] = []
  const problems = new ProblemReports(() => clock.now, tolerated)
  const find = (problem: string) => {
    if (problems.found(problem)) reported.push(`${problem} ${clock.now / 1_000}`)
  }
  return { clock, reported, problems, find }
}

test('a problem that lasts is reported once a minute, though others come in between', () => {
  const { clock, reported, find } = reports()
  for (; clock.now < 120_000; clock.now += 5_000) {
    find('a')
    if (clock.now === 10_000) find('b')
  }
  assert.deepEqual(reported, ['a 0', 'b 10', 'a 60'])
})

test('a problem that comes and goes is reported once a minute', () => {
  const { clock, reported, problems, find } = reports()
  for (; clock.now < 120_000; clock.now += 1_000) {
    find('a')
    problems.gone()
  }
  assert.deepEqual(reported, ['a 0', 'a 60'])
})

test('problems whose words always change are reported ten times a minute', () => {
  const { clock, reported, find } = reports()
  for (; clock.now < 120_000; clock.now += 100) find(`at ${clock.now}`)
  assert.equal(reported.length, 20)
})

test('a problem is reported from the second run in a row, if one is tolerated', () => {
  const { reported, problems, find } = reports(1)
  for (const problem of ['a', 'b', '', 'c', '', 'd', 'e'])
    if (problem === '') problems.gone()
    else find(problem)
  assert.deepEqual(reported, ['b 0', 'e 0'])
})

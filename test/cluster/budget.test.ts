import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Budget } from '../../src/cluster/budget.ts'

const plenty = { burst: 1_000_000, perSecond: 1_000_000 }

/** A budget on a clock that only the test moves, and how many of so many tries it allows. */
function budget(each = plenty, all = plenty) {
  const clock = { now: 5_000 }
  const spent = new Budget(each, all, () => clock.now)
  const allowed = (key: string, tries: number) => Array.from({ length: tries }, () => spent.take(key)).filter(Boolean)
  return { clock, allowed: (key: string, tries: number) => allowed(key, tries).length }
}

test('a key may spend its burst at once, and then what comes back with time', () => {
  const { clock, allowed } = budget({ burst: 3, perSecond: 2 })
  assert.equal(allowed('shop', 5), 3)
  clock.now += 499
  assert.equal(allowed('shop', 1), 0)
  clock.now += 1
  assert.equal(allowed('shop', 2), 1)
  clock.now += 1_000
  assert.equal(allowed('shop', 3), 2)
})

test('no more than the burst is saved up', () => {
  const { clock, allowed } = budget({ burst: 3, perSecond: 2 })
  allowed('shop', 1)
  clock.now += 3_600_000
  assert.equal(allowed('shop', 9), 3)
})

test('what one key spends leaves the others theirs', () => {
  const { allowed } = budget({ burst: 3, perSecond: 2 })
  assert.equal(allowed('shop', 9), 3)
  assert.equal(allowed('billing', 9), 3)
})

test('all keys together have a limit of their own', () => {
  const { clock, allowed } = budget({ burst: 3, perSecond: 100 }, { burst: 4, perSecond: 1 })
  assert.equal(allowed('shop', 9), 3)
  assert.equal(allowed('billing', 9), 1)
  clock.now += 1_000
  assert.equal(allowed('billing', 9), 1)
  clock.now += 3_600_000
  assert.equal(allowed('shop', 9), 3)
  assert.equal(allowed('billing', 9), 1)
})

test('a key that has spent its own takes nothing from all', () => {
  const { allowed } = budget({ burst: 1, perSecond: 1 }, { burst: 2, perSecond: 0 })
  assert.equal(allowed('shop', 9), 1)
  assert.equal(allowed('billing', 9), 1)
})

test('a key that is refused for the sake of all keeps its own', () => {
  const { clock, allowed } = budget({ burst: 2, perSecond: 0 }, { burst: 1, perSecond: 1 })
  assert.equal(allowed('shop', 9), 1)
  clock.now += 1_000
  assert.equal(allowed('shop', 9), 1)
})

test('a spent key stays spent however many keys come after it', () => {
  const { clock, allowed } = budget({ burst: 2, perSecond: 0.001 })
  assert.equal(allowed('shop', 9), 2)
  clock.now += 1
  for (let key = 0; key < 3_000; key += 1) assert.equal(allowed(`${key}`, 1), 1)
  assert.equal(allowed('shop', 1), 0)
  assert.equal(allowed('0', 9), 1)
})

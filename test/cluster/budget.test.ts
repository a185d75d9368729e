import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Budget } from '../../src/cluster/budget.ts'

const none = { burst: 0, perSecond: 0 }
const plenty = { burst: 1_000_000, perSecond: 1_000_000 }

/** A budget on a clock that only the test moves, and a function that counts how many tries it allows. */
function budget(each = plenty, reserve = none) {
  const clock = { now: 5_000 }
  const spent = new Budget(each, reserve, () => clock.now)
  const allowed = (key: string, tries: number) => Array.from({ length: tries }, () => spent.take(key)).filter(Boolean)
  return { clock, spent, allowed: (key: string, tries: number) => allowed(key, tries).length }
}

test('a key may spend its burst at once, and then what it regains with time', () => {
  const { clock, allowed } = budget({ burst: 3, perSecond: 2 })
  assert.equal(allowed('shop', 5), 3)
  clock.now += 499
  assert.equal(allowed('shop', 1), 0)
  clock.now += 1
  assert.equal(allowed('shop', 2), 1)
  clock.now += 1_000
  assert.equal(allowed('shop', 3), 2)
})

test('a key saves at most its burst', () => {
  const { clock, allowed } = budget({ burst: 3, perSecond: 2 })
  allowed('shop', 1)
  clock.now += 3_600_000
  assert.equal(allowed('shop', 9), 3)
})

test('what one key spends does not reduce the share of another', () => {
  const { allowed } = budget({ burst: 3, perSecond: 2 })
  assert.equal(allowed('shop', 9), 3)
  assert.equal(allowed('billing', 9), 3)
})

test('beyond its own share a key takes from the shared reserve', () => {
  const { clock, allowed } = budget({ burst: 2, perSecond: 0 }, { burst: 3, perSecond: 1 })
  assert.equal(allowed('shop', 9), 5)
  assert.equal(allowed('billing', 9), 2)
  clock.now += 1_000
  assert.equal(allowed('billing', 9), 1)
})

test('a key has its own share, however much other keys take', () => {
  const { allowed } = budget({ burst: 3, perSecond: 0 }, { burst: 100, perSecond: 0 })
  for (let key = 0; key < 2_000; key += 1) allowed(`tenant-${key}`, 50)
  assert.equal(allowed('billing', 9), 3)
})

test('a read that costs more than a token is charged afterwards to the same bucket, down to minus one burst', () => {
  const { clock, spent, allowed } = budget({ burst: 4, perSecond: 1 }, { burst: 10, perSecond: 0 })
  spent.take('shop')?.(1_000)
  assert.equal(allowed('shop', 20), 10, 'only the reserve is left')
  clock.now += 4_000
  assert.equal(allowed('shop', 9), 0)
  clock.now += 4_000
  assert.equal(allowed('shop', 9), 4)
  assert.equal(allowed('billing', 9), 4)
})

test('the work for a read does not grow with the number of keys', () => {
  let looks = 0
  const spent = new Budget({ burst: 2, perSecond: 0.001 }, none, () => {
    looks += 1
    return 0
  })
  const keys = 20_000
  for (let key = 0; key < keys; key += 1) spent.take(`tenant-${key}`)
  assert.ok(looks < 10 * keys, `${looks} looks at buckets for ${keys} reads`)
})

test('an exhausted key stays exhausted when many keys come after it', () => {
  const { clock, allowed } = budget({ burst: 2, perSecond: 0.001 })
  assert.equal(allowed('shop', 9), 2)
  clock.now += 1
  for (let key = 0; key < 3_000; key += 1) assert.equal(allowed(`${key}`, 1), 1)
  assert.equal(allowed('shop', 1), 0)
  assert.equal(allowed('0', 9), 1)
})

test('in any order, each key gets its share, and all keys together at most the shares and the reserve', () => {
  const each = { burst: 3, perSecond: 2 }
  const reserve = { burst: 4, perSecond: 1 }
  const takes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(2_000)), { maxLength: 60 })
  fc.assert(
    fc.property(takes, (takes) => {
      const { clock, spent } = budget(each, reserve)
      const begun = clock.now
      const shares = new Map<string, { tokens: number; at: number }>()
      let taken = 0
      for (const [key, wait] of takes) {
        clock.now += wait
        const share = shares.get(key) ?? { tokens: each.burst, at: clock.now }
        const regained = ((clock.now - share.at) / 1_000) * each.perSecond
        const tokens = Math.min(share.tokens + regained, each.burst)
        const allowed = spent.take(key) !== undefined
        if (tokens >= 1) assert.ok(allowed, 'a key has its share')
        shares.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: clock.now })
        if (allowed) taken += 1
      }
      const seconds = (clock.now - begun) / 1_000
      const most = shares.size * (each.burst + seconds * each.perSecond) + reserve.burst + seconds * reserve.perSecond
      assert.ok(taken <= most)
    }),
  )
})

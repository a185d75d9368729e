import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { judgeFresh } from '../../src/admission/fresh-verdicts.ts'
import { type GrantSource, LookupFailed } from '../../src/admission/grant-source.ts'
import type { Grant } from '../../src/policy/grant.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import type { GrantLookup } from '../../src/policy/grant-lookup.ts'
import type { Reference } from '../../src/policy/reference.ts'

const GROUP = 'gateway.networking.k8s.io'
const from = { group: GROUP, kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' }
const to = (namespace: string, name = 'payments'): Reference => ({
  from,
  to: { group: '', kind: 'Service', namespace, name },
  path: 'spec',
})
const grantTo = (namespace: string, name = 'payments'): Grant => ({
  namespace,
  name,
  from: [from],
  to: [{ group: '', kind: 'Service', name }],
})

/** A source without grants whose reads answer only as the test says; its cache takes grants while they are in flight. */
function reading() {
  const cached: Grant[] = []
  const listeners = new Map<string, Set<() => void>>()
  const read = Promise.withResolvers<void>()
  let looks = 0
  let answer: (namespace: string, grants: GrantLookup) => void = () => {}
  let signal: AbortSignal | undefined
  const source: GrantSource = {
    cached: () => {
      looks += 1
      return { grants: lookupIn(cached), current: true }
    },
    fresh: (_places, _owner, received, given) => {
      answer = received
      signal = given
      const leave = () => read.reject(new LookupFailed('the reader left'))
      if (given.aborted) leave()
      given.addEventListener('abort', leave)
      return read.promise
    },
    onAdded: (namespace, listener) => {
      const all = listeners.get(namespace) ?? new Set()
      listeners.set(namespace, all.add(listener))
      return () => all.delete(listener)
    },
  }
  return {
    source,
    answer: (namespace: string, grants: readonly Grant[]) => answer(namespace, lookupIn(grants)),
    end: read.resolve,
    add: (grant: Grant) => {
      cached.push(grant)
      for (const listener of listeners.get(grant.namespace) ?? []) listener()
    },
    left: () => signal?.aborted,
    looks: () => looks,
    followed: () => [...listeners.values()].reduce((sum, { size }) => sum + size, 0),
  }
}

async function permittedOf(judged: ReturnType<typeof judgeFresh>) {
  const fresh = await judged
  assert.ok(!(fresh instanceof LookupFailed))
  assert.deepEqual(fresh.unread, [])
  return fresh.verdicts.map(({ permitted }) => permitted)
}
const waiting = () => new AbortController().signal

suite('while a fresh read is in flight', { timeout: 300_000 }, () => {
  test('a grant that reaches the cache permits at once, and the read has a reader less', async () => {
    const { source, add, left, followed } = reading()
    const judged = judgeFresh([to('billing')], source, waiting())
    add(grantTo('billing'))
    assert.deepEqual(await permittedOf(judged), [true])
    assert.ok(left())
    assert.equal(followed(), 0)
  })

  test('a grant that permits a part of the references changes nothing', async () => {
    const { source, add, answer, end, followed } = reading()
    const judged = judgeFresh([to('billing'), to('billing', 'refunds')], source, waiting())
    add(grantTo('billing'))
    answer('billing', [])
    end()
    assert.deepEqual(await permittedOf(judged), [false, false])
    assert.equal(followed(), 0)
  })

  test('each namespace has its verdicts from the cache or from a read', async () => {
    for (const order of ['cache first', 'read first']) {
      const { source, add, answer } = reading()
      const judged = judgeFresh([to('billing'), to('ledger')], source, waiting())
      if (order === 'cache first') add(grantTo('billing'))
      answer('ledger', [])
      if (order === 'read first') add(grantTo('billing'))
      assert.deepEqual(await permittedOf(judged), [true, false], order)
    }
  })

  test('a read that began before the grant changes no verdict of the cache', async () => {
    const { source, add, answer, end } = reading()
    const judged = judgeFresh([to('billing'), to('ledger')], source, waiting())
    add(grantTo('billing'))
    answer('billing', [])
    answer('ledger', [grantTo('ledger')])
    end()
    assert.deepEqual(await permittedOf(judged), [true, true])
  })

  test('a review judges a namespace again only a few times', async () => {
    const { source, add, looks, answer, end } = reading()
    const judged = judgeFresh([to('billing')], source, waiting())
    for (let at = 0; at < 1_000; at += 1) add(grantTo('billing', `other-${at}`))
    assert.equal(looks(), 4)
    answer('billing', [grantTo('billing')])
    end()
    assert.deepEqual(await permittedOf(judged), [true])
  })

  test('a review that has to leave has no verdict, and follows the cache no more', async () => {
    const { source, followed } = reading()
    const leaving = new AbortController()
    const judged = judgeFresh([to('billing')], source, leaving.signal)
    leaving.abort()
    assert.ok((await judged) instanceof LookupFailed)
    assert.equal(followed(), 0)
    assert.ok((await judgeFresh([to('billing')], reading().source, AbortSignal.abort())) instanceof LookupFailed)
  })
})

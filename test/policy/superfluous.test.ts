import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { Grant } from '../../src/policy/grant.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { judge } from '../../src/policy/judge.ts'
import { superfluousAmong } from '../../src/policy/superfluous.ts'

const grant = (
  name: string,
  from: readonly string[],
  to: readonly (string | undefined)[],
  namespace = 'billing',
): Grant => ({
  namespace,
  name,
  from: from.map((one) => ({ group: 'g', kind: 'HTTPRoute', namespace: one })),
  to: to.map((one) => ({ group: '', kind: 'Service', ...(one !== undefined && { name: one }) })),
})

const foundAmong = (...grants: Grant[]) =>
  superfluousAmong(grants).found.map(({ grant, by, isDuplicate }) => [grant.name, by.name, isDuplicate])

suite('a grant is superfluous if another one of its namespace permits', () => {
  test('the same, whatever the order of its entries', () =>
    assert.deepEqual(foundAmong(grant('a', ['x', 'y'], ['s', 't']), grant('b', ['y', 'x'], ['t', 's', 's'])), [
      ['b', 'a', true],
    ]))
  test('more referrers', () =>
    assert.deepEqual(foundAmong(grant('a', ['x'], ['s']), grant('b', ['x', 'y'], ['s'])), [['a', 'b', false]]))
  test('every object of the kind', () =>
    assert.deepEqual(foundAmong(grant('a', ['x'], ['s', 't']), grant('b', ['x'], [undefined])), [['a', 'b', false]]))
})

suite('a grant is not superfluous if another one', () => {
  test('lacks one of its entries', () =>
    assert.deepEqual(foundAmong(grant('a', ['x', 'y'], ['s']), grant('b', ['x'], ['s', 't'])), []))
  test('is in another namespace', () =>
    assert.deepEqual(foundAmong(grant('a', ['x'], ['s']), grant('a', ['x'], ['s'], 'shop')), []))
  test('is of another kind', () =>
    assert.deepEqual(foundAmong(grant('a', ['x'], ['s']), { ...grant('b', ['x'], ['s']), resource: 'grants.x' }), []))
  test('permits nothing', () => assert.deepEqual(foundAmong(grant('a', ['x'], []), grant('b', ['x'], [])), []))
})

test('without the superfluous grants, the same is permitted, and without another one of them not', () => {
  const names = fc.subarray(['x', 'y', 'z'], { minLength: 1 })
  const targets = fc.array(fc.constantFrom('s', 't', undefined), { minLength: 1, maxLength: 3 })
  const references = ['x', 'y', 'z'].flatMap((from) =>
    ['s', 't', 'u'].map((to) => ({
      from: { group: 'g', kind: 'HTTPRoute', namespace: from, name: 'any' },
      to: { group: '', kind: 'Service', namespace: 'billing', name: to },
      path: 'spec',
    })),
  )
  const permittedBy = (grants: readonly Grant[]) =>
    references.map((one) => judge([one], lookupIn(grants))[0]?.permitted)
  fc.assert(
    fc.property(fc.array(fc.tuple(names, targets), { maxLength: 6 }), (entries) => {
      const grants = entries.map(([from, to], at) => grant(`g${at}`, from, to))
      const gone = new Set(superfluousAmong(grants).found.map((one) => one.grant))
      const left = grants.filter((one) => !gone.has(one))
      assert.deepEqual(permittedBy(left), permittedBy(grants))
      assert.deepEqual(superfluousAmong(left).found, [])
    }),
  )
})

test('the work is bounded, and it is told that not all were compared', () => {
  const many = Array.from({ length: 100 }, (_, at) =>
    grant(`g${String(at).padStart(2, '0')}`, ['x', `y${at}`], ['s', `t${at}`]),
  )
  assert.equal(superfluousAmong(many, 1_000).complete, false)
  assert.equal(superfluousAmong(many).complete, true)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Grant } from '../../src/policy/grant.ts'
import { GrantIndex } from '../../src/policy/grant-index.ts'
import type { Reference } from '../../src/policy/reference.ts'

// Small alphabets, so that grants replace each other and references are permitted now and then.
const word = fc.constantFrom('a', 'b')
const grant: fc.Arbitrary<Grant> = fc.record({
  namespace: word,
  name: word,
  from: fc.array(fc.record({ group: word, kind: word, namespace: word }), { maxLength: 2 }),
  to: fc.array(fc.record({ group: word, kind: word, name: word }, { requiredKeys: ['group', 'kind'] }), {
    maxLength: 2,
  }),
})
const object = fc.record({ group: word, kind: word, namespace: word, name: word })
const reference: fc.Arbitrary<Reference> = fc.record({ from: object, to: object, path: fc.constant('x') })
const change = fc.oneof(
  fc.record({ verb: fc.constant('set' as const), grant }),
  fc.record({ verb: fc.constant('delete' as const), grant }),
  fc.record({
    verb: fc.constant('replace' as const),
    grants: fc.uniqueArray(grant, { selector: ({ namespace, name }) => `${namespace}/${name}` }),
  }),
)

const permits = ({ namespace, from, to }: Grant, reference: Reference) =>
  namespace === reference.to.namespace &&
  from.some(
    (f) =>
      f.group === reference.from.group && f.kind === reference.from.kind && f.namespace === reference.from.namespace,
  ) &&
  to.some(
    (t) =>
      t.group === reference.to.group &&
      t.kind === reference.to.kind &&
      (t.name === undefined || t.name === reference.to.name),
  )

test('whatever is set, deleted and replaced, the index answers as a walk over the remaining grants does', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), fc.array(reference, { minLength: 1 }), (changes, references) => {
      const index = new GrantIndex()
      const model = new Map<string, Grant>()
      for (const one of changes) {
        if (one.verb === 'replace') {
          model.clear()
          for (const grant of one.grants) model.set(`${grant.namespace}/${grant.name}`, grant)
          index.replace(one.grants)
        } else {
          index[one.verb](one.grant)
          if (one.verb === 'set') model.set(`${one.grant.namespace}/${one.grant.name}`, one.grant)
          else model.delete(`${one.grant.namespace}/${one.grant.name}`)
        }
      }
      assert.equal(index.size, model.size)
      for (const one of references) {
        const permitting = index.permitting(one)
        assert.equal(
          permitting !== undefined,
          [...model.values()].some((grant) => permits(grant, one)),
        )
        if (permitting) assert.ok(permits(permitting, one) && [...model.values()].includes(permitting))
      }
    }),
    { numRuns: 2_000 },
  )
})

test('grants of two kinds may share a name, and all are replaced at once', () => {
  const grant = (name: string, kind: string, resource?: string): Grant => ({
    namespace: 'billing',
    name,
    ...(resource !== undefined && { resource }),
    from: [{ group: 'g', kind: 'From', namespace: 'shop' }],
    to: [{ group: '', kind }],
  })
  const permits = (index: GrantIndex, kind: string) =>
    index.permitting({
      from: { group: 'g', kind: 'From', namespace: 'shop', name: 'x' },
      to: { group: '', kind, namespace: 'billing', name: 'y' },
      path: 'spec',
    }) !== undefined
  const index = new GrantIndex([grant('one', 'Service'), grant('one', 'Secret', 'grants.example.com')])
  assert.deepEqual([permits(index, 'Service'), permits(index, 'Secret'), index.size], [true, true, 2])
  index.delete(grant('one', 'Secret', 'grants.example.com'))
  assert.deepEqual([permits(index, 'Service'), permits(index, 'Secret'), index.size], [true, false, 1])
  index.replace([grant('two', 'Secret', 'grants.example.com')])
  assert.deepEqual([permits(index, 'Service'), permits(index, 'Secret'), index.size], [false, true, 1])
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

/** Runs `grant` on the route, with a change to its backend in the other namespace. */
async function grantFor(from: string, to: string) {
  const cwd = folderWith({ 'route.yaml': ROUTE.replace(from, to) })
  return refgrant(['grant', 'route.yaml'], { cwd })
}

const at = 'HTTPRoute "checkout" in namespace "shop": spec.rules[0].backendRefs[1]'

suite('a grant that the API server would reject is not printed, with the reason:', { concurrency: 2 }, () => {
  const cases: [title: string, from: string, to: string, part: string][] = [
    ['a namespace with a capital', 'namespace: billing', 'namespace: Billing', 'namespace "Billing"'],
    [
      'a namespace of 64 characters',
      'namespace: billing',
      `namespace: ${'b'.repeat(64)}`,
      `namespace "${'b'.repeat(64)}"`,
    ],
    ['an empty name', 'name: payments', 'name: ""', 'name ""'],
    ['a kind with a space', 'name: payments', 'name: payments\n          kind: "a b"', 'kind "a b"'],
    ['a group with a version', 'name: payments', 'name: payments\n          group: apps/v1', 'group "apps/v1"'],
  ]
  for (const [title, from, to, part] of cases)
    test(title, async () => {
      const { code, stdout, stderr } = await grantFor(from, to)
      assert.deepEqual([code, stdout], [2, ''])
      assert.equal(
        stderr,
        `refgrant: ${at} needs a ReferenceGrant with the ${part}, which the API server rejects: correct it in the object\n`,
      )
    })
})

test('a printed grant that cannot permit anything is an error', async () => {
  const { code, stdout, stderr } = await grantFor('name: payments', 'name: payments\n          kind: services')
  assert.equal(code, 1)
  assert.match(stdout, /kind: services/)
  assert.equal(
    stderr,
    'refgrant: error: ReferenceGrant "httproute-from-shop-to-services-payments" in namespace "billing": spec.to[0].kind is "services": kinds are compared exactly, write "Service"\n',
  )
})

suite('a namespace of a route that is nearly one of a grant', { concurrency: 2 }, () => {
  const noteOf = async (namespace: string, granted = 'shop') => {
    const files = {
      'route.yaml': ROUTE.replace('namespace: shop', `namespace: ${namespace}`),
      'grant.yaml': GRANT.replace('namespace: shop', `namespace: ${granted}`),
    }
    const { stdout, stderr } = await refgrant(['grant', '.'], { cwd: folderWith(files) })
    assert.match(stdout, new RegExp(`namespace: ${namespace}`))
    return stderr
  }

  for (const namespace of ['shpo', 'shopp', 'shap'])
    test(`is noted: ${namespace}`, async () => {
      assert.equal(
        await noteOf(namespace),
        `refgrant: note: the namespace "${namespace}" may be misspelt: ReferenceGrant "shop" in namespace "billing" permits the same from namespace "shop"\n`,
      )
    })

  for (const [one, other] of [
    ['shop2', 'shop1'],
    ['team-b', 'team-a'],
    ['checkout', 'shop'],
  ] as const)
    test(`is another one: ${one}`, async () => assert.equal(await noteOf(one, other), ''))
})

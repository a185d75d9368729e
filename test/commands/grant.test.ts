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

suite('an existing grant that nearly permits the reference is noted, with its edit:', { concurrency: 2 }, () => {
  const noteOf = async (namespace: string, granted: string, name = 'payments') => {
    const files = {
      'route.yaml': ROUTE.replace('namespace: shop', `namespace: ${namespace}`),
      'grant.yaml': GRANT.replace('namespace: shop', `namespace: ${granted}`).replace('payments', name),
    }
    const { stdout, stderr } = await refgrant(['grant', '.'], { cwd: folderWith(files) })
    assert.match(stdout, new RegExp(`namespace: ${namespace}`))
    return stderr
  }
  const note = (namespace: string, granted: string, edit: string) =>
    `refgrant: note: in place of the new ReferenceGrant "httproute-from-${namespace}-to-service-payments" in namespace "billing", you may correct ReferenceGrant "shop" in namespace "billing": spec.from[0].namespace is "${granted}", but the reference comes from namespace "${namespace}": ${edit}\n`

  for (const namespace of ['shpo', 'shopp', 'shap'])
    test(`a misspelt namespace: ${namespace}`, async () =>
      assert.equal(await noteOf(namespace, 'shop'), note(namespace, 'shop', `write "${namespace}"`)))

  for (const [one, other] of [
    ['shop2', 'shop1'],
    ['team-b', 'team-a'],
    ['checkout', 'shop'],
  ] as const)
    test(`another namespace: ${one}`, async () =>
      assert.equal(await noteOf(one, other), note(one, other, `add an entry with "${one}"`)))

  test('each of several grants in a note of its own', async () => {
    const cwd = folderWith({
      'route.yaml': `${ROUTE}---\n${ROUTE.replace('name: payments', 'name: ledger').replace('checkout', 'reports')}`,
      'grant.yaml': GRANT.replace('namespace: shop', 'namespace: shpo').replace(/ +name: payments\n/, ''),
    })
    const { stdout, stderr } = await refgrant(['grant', '.'], { cwd })
    const printed = [...stdout.matchAll(/^ {2}name: (.*)$/gm)].map(([, name]) => name)
    const noted = [...stderr.matchAll(/note: in place of the new ReferenceGrant "([^"]*)"/g)].map(([, name]) => name)
    assert.deepEqual([printed.length, noted], [2, printed])
  })

  test('not a grant for another object and another namespace', async () =>
    assert.equal(await noteOf('checkout', 'shop', 'ledger'), ''))
})

suite('grant', { concurrency: 2 }, () => {
  const question = ['grant', '--from', 'HTTPRoute/shop', '--to', 'Service/billing/payments']

  test('answers a question by the grants of files', async () => {
    const cwd = folderWith({ 'a.yaml': GRANT })
    const { code, stdout, stderr } = await refgrant([...question, '-f', 'a.yaml'], { cwd })
    assert.deepEqual([code, stdout, stderr], [0, '', 'no grant is missing\n'])
    const other = await refgrant(['grant', '--from', 'GRPCRoute/shop', '--to', 'Service/billing/payments', 'a.yaml'], {
      cwd,
    })
    assert.match(other.stdout, /^ {2}name: grpcroute-from-shop-to-service-payments$/m)
  })

  test('exposes every object of a kind with --any-name, once for several targets', async () => {
    const two = ROUTE.replace('name: cart', 'name: ledger\n          namespace: billing')
    const { code, stdout } = await refgrant(['grant', '--any-name', '-o', 'json', '-'], { input: two })
    const { items } = JSON.parse(stdout)
    assert.equal(code, 0)
    assert.deepEqual(
      items.map(({ metadata, spec }: { metadata: { name: string }; spec: { to: unknown } }) => [
        metadata.name,
        spec.to,
      ]),
      [['httproute-from-shop-to-every-service', [{ group: '', kind: 'Service' }]]],
    )
  })

  test('answers a question about every object of a kind, which a grant with a name does not permit', async () => {
    const cwd = folderWith({ 'named.yaml': GRANT, 'every.yaml': GRANT.replace(/ +name: payments\n/, '') })
    for (const to of ['Service/billing', 'svc/billing/payments']) {
      const every = ['grant', '--from', 'HTTPRoute/shop', '--to', to, '--any-name', '-o', 'name', '-f']
      const { code, stdout, stderr } = await refgrant([...every, 'named.yaml'], { cwd })
      const name = 'referencegrant.gateway.networking.k8s.io/httproute-from-shop-to-every-service'
      assert.deepEqual([code, stdout, stderr], [0, `${name}\n`, ''])
      const none = await refgrant([...every, 'every.yaml'], { cwd })
      assert.deepEqual(none, { code: 0, stdout: '', stderr: 'no grant is missing\n' })
    }
    const { code, stderr } = await refgrant(['grant', '--from', 'HTTPRoute/shop', '--to', 'Service/billing'], { cwd })
    assert.deepEqual(
      [code, stderr],
      [
        2,
        'refgrant: --to cannot be "Service/billing": write KIND/NAMESPACE/NAME, such as Service/billing/payments, or add --any-name for every object of a kind and write KIND/NAMESPACE\n',
      ],
    )
  })

  test('corrects with --merge a grant for a question about every object of a kind', async () => {
    const cwd = folderWith({ 'a.yaml': GRANT.replace(/ +name: payments\n/, '').replace('HTTPRoute', 'httproutes') })
    const every = ['grant', '--from', 'HTTPRoute/shop', '--to', 'Service/billing', '--any-name', '-f', 'a.yaml']
    const { code, stdout, stderr } = await refgrant([...every, '--merge', '-o', 'json'], { cwd })
    assert.deepEqual([code, stderr], [0, ''])
    const [{ metadata, spec }] = JSON.parse(stdout).items
    assert.deepEqual(
      [metadata.name, spec.from[0].kind, spec.to],
      ['shop', 'HTTPRoute', [{ group: '', kind: 'Service' }]],
    )
  })

  test('changes the grant of a file with --merge, and keeps its labels', async () => {
    const labelled = GRANT.replace('  name: shop\n', '  name: shop\n  labels: { app: web }\n').replace(
      'payments',
      'ledger',
    )
    const cwd = folderWith({ 'route.yaml': ROUTE, 'grant.yaml': labelled })
    const { code, stdout, stderr } = await refgrant(['grant', '--merge', '-o', 'json', '.'], { cwd })
    const { items } = JSON.parse(stdout)
    assert.deepEqual([code, stderr, items.length], [0, '', 1])
    const [{ apiVersion, metadata, spec }] = items
    assert.equal(apiVersion, 'gateway.networking.k8s.io/v1beta1')
    assert.deepEqual(metadata, { name: 'shop', labels: { app: 'web' }, namespace: 'billing' })
    assert.deepEqual(
      spec.to.map(({ name }: { name: string }) => name),
      ['ledger', 'payments'],
    )
  })

  test('keeps with --merge what would still have an error, prints a new grant, and names the entry', async () => {
    const divided = GRANT.replace('  kind: HTTPRoute', '- kind: HTTPRoute').replace(
      '  namespace: shop\n  to',
      '- namespace: shop\n  to',
    )
    assert.notEqual(divided, GRANT)
    const cwd = folderWith({ 'route.yaml': ROUTE, 'grant.yaml': divided })
    const { code, stdout, stderr } = await refgrant(['grant', '--merge', '-o', 'json', '.'], { cwd })
    const { items } = JSON.parse(stdout)
    assert.equal(code, 0)
    assert.deepEqual(
      items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ['httproute-from-shop-to-service-payments'],
    )
    assert.match(
      stderr,
      /note: ReferenceGrant "shop" in namespace "billing" is not changed, because an error would remain: spec\.from\[1\]\.group is missing/,
    )
  })
})

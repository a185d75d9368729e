import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { coverageOf } from '../../src/config/config.ts'
import { configurationOf } from '../../src/input/configuration.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { EXPLANATIONS } from '../../src/report/explain.ts'
import { explainReferences } from '../../src/report/explained.ts'
import { missingFor } from '../../src/report/missing.ts'
import { GRANT } from '../harness/objects/texts.ts'

const REFERENCE = {
  from: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' },
  to: { group: '', kind: 'Service', namespace: 'billing', name: 'payments' },
  path: 'spec.rules[0].backendRefs[1]',
}
const coverage = coverageOf(await configurationOf(undefined))
const cluster = ' --kubeconfig k --context sand --as me'
const PATCH = `To correct it: kubectl patch referencegrants.gateway.networking.k8s.io shop -n billing --type json -p '`

/** A grant of a cluster, from YAML. */
const known = (text: string) => {
  const name = { group: 'gateway.networking.k8s.io', kind: 'ReferenceGrant', namespace: 'billing', name: 'shop' }
  return { candidates: [{ name, object: parse(text) }], unknown: new Set<string>(), versions: new Map() }
}

function explained(text: string): string {
  const references = explainReferences([REFERENCE], known(text), coverage)
  const report = { references, more: 0, exempt: [], problems: [], notes: [], versions: new Map() }
  return [...EXPLANATIONS.text(report, { cluster, grantFor: () => 'refgrant grant' })].join('')
}

const missing = (text: string, how: { anyName?: boolean; merge?: boolean } = {}) =>
  missingFor([REFERENCE], [], known(text), coverage, {
    ...{ anyName: false, merge: false, ...how },
    cluster,
  })

suite('the correction of a grant of the cluster', () => {
  test('names the cluster and the user, in explain and in the note of grant', () => {
    const text = GRANT.replace('""', 'core')
    for (const said of [explained(text), missing(text).notes.join('\n')]) {
      const line = said.split('\n').find((one) => one.includes(PATCH)) ?? ''
      assert.ok(line.endsWith(`]'${cluster}`), said)
    }
  })

  test('of a ReferencePolicy says the kind and a version that the cluster serves', () => {
    const name = { group: 'gateway.networking.k8s.io', kind: 'ReferencePolicy', namespace: 'billing', name: 'shop' }
    const object = parse(GRANT.replace('v1beta1', 'v1alpha2').replace('ReferenceGrant', 'ReferencePolicy'))
    const all = { candidates: [{ name, object }], unknown: new Set<string>(), versions: new Map() }
    const [one] = explainReferences([REFERENCE], all, coverage)
    assert.deepEqual(
      one?.misses[0]?.differences.map(({ path, wanted }) => [path, wanted]),
      [
        ['apiVersion', 'gateway.networking.k8s.io/v1beta1'],
        ['kind', 'ReferenceGrant'],
      ],
    )
  })

  test('names the version that the cluster serves, as the new grant has it', () => {
    const object = parse(GRANT.replace('v1beta1', 'v2'))
    const name = { group: REFERENCE_GRANT.group, kind: REFERENCE_GRANT.kind, namespace: 'billing', name: 'shop' }
    const candidates = [{ name, object, refused: 'apiVersion' }]
    for (const version of ['v1', 'v1beta1']) {
      const all = { candidates, unknown: new Set<string>(), versions: new Map([[REFERENCE_GRANT, version]]) }
      const { created, notes } = missingFor([REFERENCE], [], all, coverage, { anyName: false, merge: false, cluster })
      assert.match(notes.join('\n'), new RegExp(`: write "gateway\\.networking\\.k8s\\.io/${version}"$`))
      assert.equal((created[0] as { apiVersion: string }).apiVersion, `gateway.networking.k8s.io/${version}`)
    }
  })

  test('is neither made nor noted for --any-name if it exposes one object', () => {
    const core = GRANT.replace('""', 'core')
    assert.deepEqual(missing(core, { anyName: true }).notes, [])
    const merged = missing(core, { anyName: true, merge: true })
    assert.deepEqual(merged.changed, [])
    assert.match(merged.notes.join(), /core/)
    const every = core.replace('      name: payments\n', '')
    assert.match(missing(every, { anyName: true }).notes[0] ?? '', /you may correct ReferenceGrant "shop"/)
    const [corrected] = missing(every, { anyName: true, merge: true }).changed
    assert.deepEqual((corrected?.object as { spec: { to: unknown[] } } | undefined)?.spec.to, [
      { group: '', kind: 'Service' },
    ])
  })

  test('says what else it permits, in explain and in the note of grant', () => {
    const text = GRANT.replace('HTTPRoute', 'GRPCRoute').replace('      name: payments\n', '')
    const more = 'With this entry, each HTTPRoute of namespace "shop" may refer to all that the grant exposes.'
    assert.ok(explained(text).includes(more))
    const [note = ''] = missing(text).notes
    assert.ok(note.includes(`: add an entry with "HTTPRoute". ${more} ${PATCH}`), note)
  })
})

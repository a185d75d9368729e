import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { type GuardedField, guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { rowProblem } from '../../src/policy/own-fields.ts'
import { PRESETS, type Preset, presets } from '../../src/policy/presets.ts'
import { type Schema, schemaAt, versionsOf } from '../harness/objects/crd-schemas.ts'
import { ownCrds } from '../harness/objects/own-crds.ts'

test('each preset has the expected number of fields of each kind', () => {
  const counts = PRESETS.map((name) => {
    const kinds = Map.groupBy(presets[name].fields as readonly GuardedField[], ({ from }) => from.kind)
    return [name, Object.fromEntries([...kinds].map(([kind, fields]) => [kind, fields.length]))]
  })
  assert.deepEqual(Object.fromEntries(counts), {
    'envoy-gateway': { SecurityPolicy: 10, EnvoyExtensionPolicy: 4, ClientTrafficPolicy: 2, HTTPRouteFilter: 1 },
    kgateway: { TrafficPolicy: 2 },
    agentgateway: { AgentgatewayPolicy: 15 },
    'ai-gateway': { AIGatewayRoute: 1 },
    'volume-data-sources': { PersistentVolumeClaim: 1 },
    kong: {
      KongService: 1,
      KongUpstream: 1,
      KongConsumerGroup: 1,
      KongKeySet: 1,
      KongDataPlaneClientCertificate: 1,
      KongCertificate: 3,
      KongCACertificate: 2,
    },
  })
})

test('the documentation names every preset', () => {
  const rows = readFileSync('docs/configuration.md', 'utf8').matchAll(/^\| `([-a-z]+)` \| `[A-Z][^|]*\|[^|]*\|$/gm)
  assert.deepEqual(
    [...rows].map(([, name]) => name),
    PRESETS,
  )
})

test('all presets together form one catalogue', () => {
  const all = PRESETS.flatMap((name): readonly GuardedField[] => presets[name].fields)
  const kinds = PRESETS.flatMap((name) => [...presets[name].grantKinds])
  for (const [index, field] of all.entries()) {
    const before = new Coverage([...guardedFields, ...all.slice(0, index)], undefined, [REFERENCE_GRANT, ...kinds])
    assert.equal(rowProblem(field, before, []), undefined)
  }
})

/** The schema of a PersistentVolumeClaim, which has no CRD. Source: k8s.io/api/core/v1, types.go, TypedObjectReference. */
const text: Schema = { type: 'string' }
const claim: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        dataSourceRef: { type: 'object', properties: { apiGroup: text, kind: text, name: text, namespace: text } },
      },
    },
  },
}

const crds = ownCrds()
for (const name of PRESETS) {
  suite(`the preset ${name}`, () => {
    const { fields, grantKinds }: Preset = presets[name]
    const versions = (crds.get(name) ?? []).flatMap(versionsOf)

    for (const { from, path, to, groupField = 'group', source } of fields) {
      test(`has ${from.kind} ${path} in the form of the CRD`, () => {
        const version = versions.find(
          ({ group, kind, plural }) => `${group} ${kind} ${plural}` === `${from.group} ${from.kind} ${from.plural}`,
        )
        const schema = from.group === '' ? claim : version?.schema
        assert.ok(from.group === '' || version?.scope === 'Namespaced')
        const reference = schema && schemaAt(schema, path)
        assert.equal(reference?.type, 'object', `${path} leads to no object`)
        const { properties = {} } = reference
        assert.ok(properties.name && properties.namespace, `${path} names no object of another namespace`)
        assert.ok(properties[groupField] || to, `${path} names no group`)
        assert.ok(properties.kind || to, `${path} names no kind`)
        // What the CRD fills in is what the row takes for meant.
        const filled = [properties[groupField]?.default ?? to?.group, properties.kind?.default ?? to?.kind]
        assert.deepEqual(filled, [to?.group, to?.kind])
      })

      test(`has a source for ${from.kind} ${path}`, () => assert.ok(source && URL.canParse(source)))
    }

    for (const { group, kind, plural, version } of grantKinds)
      test(`has the grant kind ${kind} in the form of the CRD`, () => {
        const served = versions.find((one) => one.group === group && one.kind === kind)
        assert.deepEqual([served?.plural, served?.version], [plural, version])
        for (const half of ['from', 'to']) assert.ok(served && schemaAt(served.schema, `spec.${half}[].kind`))
      })
  })
}

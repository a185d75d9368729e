import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type GuardedField, guardedFields } from '../../src/policy/catalogue.ts'
import { MOST_REFERENCES } from '../../src/policy/crossing.ts'
import { REFERENCE_GRANT, VERSIONS } from '../../src/policy/grant-kinds.ts'
import { MOST_ENTRIES, VALID } from '../../src/policy/names.ts'
import type { GroupKind } from '../../src/policy/reference.ts'
import { gatewayApiCrds } from '../harness/control-plane/gateway-api.ts'
import { type KindVersion, mostOf, type Schema, schemaAt, versionsOf } from '../harness/objects/crd-schemas.ts'

/** The releases that clusters run. A new one is added here; what it brings is then named by a failure. */
const RELEASES = [
  ...['v0.8.1', 'v1.0.0', 'v1.1.0', 'v1.2.1', 'v1.3.0', 'v1.4.1', 'v1.5.0', 'v1.5.1'],
  ...['v1.6.0', 'v1.6.1', 'v1.6.2', 'v1.6.3', 'v1.7.0'],
]

const CHANNELS = ['standard', 'experimental'] as const

const gatewayApi = (...kinds: string[]) => kinds.map((kind) => ({ group: 'gateway.networking.k8s.io', kind }))
const extended = (...kinds: string[]) => kinds.map((kind) => ({ group: 'gateway.networking.x-k8s.io', kind }))

const routes = gatewayApi('HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'UDPRoute')
const listenerSets = [...gatewayApi('ListenerSet'), ...extended('XListenerSet')]

/** Fields that speak of namespaces and need no ReferenceGrant. One that no release has is an error. */
const NOT_GUARDED: readonly { field: string; of: readonly GroupKind[]; because: string }[] = [
  {
    field: 'spec.parentRefs[].namespace',
    of: routes,
    because: 'the parent decides by its allowedRoutes; a parent that is a Service needs no grant (GEP-1294)',
  },
  {
    field: 'spec.parentRef.namespace',
    of: listenerSets,
    because: 'the Gateway decides by its allowedListeners',
  },
  {
    field: 'spec.listeners[].allowedRoutes.namespaces',
    of: [...gatewayApi('Gateway'), ...listenerSets],
    because: 'it selects the namespaces whose routes may attach, and names no object',
  },
  {
    field: 'spec.allowedListeners.namespaces',
    of: gatewayApi('Gateway'),
    because: 'it selects the namespaces whose ListenerSets may attach, and names no object',
  },
  {
    field: 'spec.parametersRef.namespace',
    of: [...gatewayApi('GatewayClass'), ...extended('XMesh')],
    because: 'the referrer has no namespace, so no grant can accept it',
  },
  {
    field: 'spec.targetRef.namespace',
    of: gatewayApi('BackendTLSPolicy'),
    because: 'such a policy applies only to traffic from its own namespace (v1.0, godoc of PolicyTargetReference)',
  },
  {
    field: 'spec.from[].namespace',
    of: gatewayApi('ReferenceGrant'),
    because: 'it is the permission itself',
  },
  {
    field: 'status.parents[].parentRef.namespace',
    of: [...routes, ...extended('XBackend')],
    because: 'controllers write the status, to tell what they did',
  },
  {
    field: 'status.ancestors[].ancestorRef.namespace',
    of: [
      ...gatewayApi('BackendLBPolicy', 'BackendTLSPolicy'),
      ...extended('XBackend', 'XBackendTrafficPolicy', 'XTelemetryPolicy'),
    ],
    because: 'controllers write the status, to tell what they did',
  },
]

/** One version of a kind, as a release and channel define it. */
interface Released extends KindVersion {
  readonly release: string
  readonly channel: string
  /** All of it in words, for the reader of a failure. */
  readonly title: string
}

const kindVersions: Released[] = []
for (const release of RELEASES) {
  for (const channel of CHANNELS) {
    for (const one of (await gatewayApiCrds(release, channel)).flatMap(versionsOf)) {
      const title = `${release} ${channel} ${one.kind} (${one.group}) ${one.version}`
      kindVersions.push({ ...one, release, channel, title })
    }
  }
}

/**
 * The fields below a schema by which an object may name another namespace: everything that has "namespace" in its name,
 * and everything whose content the schema leaves open.
 */
function* namespaceFields(schema: Schema, path = ''): Generator<string> {
  // The object's own metadata; no schema says more of it than that it is there.
  if (path === 'metadata') return
  const open = schema['x-kubernetes-preserve-unknown-fields'] || schema['x-kubernetes-embedded-resource']
  if (open || schema.additionalProperties === true) yield `${path}.<anything>`
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const field = path === '' ? name : `${path}.${name}`
    if (/namespace/i.test(name)) yield field
    yield* namespaceFields(property, field)
  }
  if (schema.items) yield* namespaceFields(schema.items, `${path}[]`)
  if (typeof schema.additionalProperties === 'object') {
    yield* namespaceFields(schema.additionalProperties, `${path}.<key>`)
  }
}

const keyOf = ({ group, kind }: GroupKind, field: string) => `${group}/${kind} ${field}`

const guarded = new Set(guardedFields.map(({ from, path }) => keyOf(from, `${path}.namespace`)))
const notGuarded = NOT_GUARDED.flatMap(({ of, field }) => of.map((kind) => keyOf(kind, field)))

suite('every field that can name another namespace is in the catalogue, or known to need no grant', () => {
  const known = new Set([...guarded, ...notGuarded])

  for (const release of RELEASES) {
    for (const channel of CHANNELS) {
      test(`in ${release}, ${channel} channel`, () => {
        const kinds = kindVersions.filter((one) => one.release === release && one.channel === channel)
        assert.notEqual(kinds.length, 0, 'there are CRDs')
        const unknown = kinds.flatMap((one) => {
          const fields = [...namespaceFields(one.schema)].filter((field) => !known.has(keyOf(one, field)))
          return fields.map((field) => `${one.title}: ${field}`)
        })
        assert.deepEqual(unknown, [], 'neither a row of guardedFields nor in NOT_GUARDED')
      })
    }
  }

  test('and nothing is known to need no grant that no release has, or that the catalogue guards', () => {
    const found = new Set(kindVersions.flatMap((one) => [...namespaceFields(one.schema)].map((f) => keyOf(one, f))))
    assert.deepEqual(
      notGuarded.filter((key) => !found.has(key) || guarded.has(key)),
      [],
    )
  })

  test('however a schema hides it', () => {
    const text: Schema = { type: 'string' }
    const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties })
    const list = (items: Schema): Schema => ({ type: 'array', items })
    const schema = object({
      metadata: object({ namespace: text }),
      spec: object({
        ref: object({ targetNamespace: text, name: text }),
        namespaces: list(text),
        byName: { type: 'object', additionalProperties: list(object({ namespace: text })) },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        embedded: { type: 'object', 'x-kubernetes-embedded-resource': true },
        any: { type: 'object', additionalProperties: true },
      }),
    })
    assert.deepEqual(
      [...namespaceFields(schema)],
      [
        'spec.ref.targetNamespace',
        'spec.namespaces',
        'spec.byName.<key>[].namespace',
        'spec.free.<anything>',
        'spec.embedded.<anything>',
        'spec.any.<anything>',
      ],
    )
  })
})

suite('every row of the catalogue is what the releases say', () => {
  for (const row of guardedFields) {
    test(`${row.from.kind} ${row.path}`, () => checkRow(row))
  }

  test('and each is there once', () => {
    assert.equal(guarded.size, guardedFields.length)
  })
})

test('no object that a release accepts has more references than are judged', () => {
  const most = kindVersions.map(({ group, kind, schema, title }) => {
    const rows = guardedFields.filter(({ from }) => from.group === group && from.kind === kind)
    return { title, references: rows.reduce((sum, { path }) => sum + mostOf(schema, path), 0) }
  })
  const largest = Math.max(...most.map(({ references }) => references))
  assert.deepEqual(
    most.filter(({ references }) => references > MOST_REFERENCES),
    [],
  )
  assert.equal(largest, 8_960, 'the largest is what the comment on MOST_REFERENCES says')
})

test('what no grant of a file may say is what the schema of every release refuses', () => {
  const grants = kindVersions.filter(({ kind }) => kind === REFERENCE_GRANT.kind)
  assert.deepEqual(new Set(grants.map(({ version }) => version)), new Set(VERSIONS))
  const examples = [
    '',
    'a',
    'A',
    'Ab',
    '1',
    'a.b',
    'a b',
    'a-',
    '-a',
    'a/b',
    '*',
    'é',
    'a'.repeat(63),
    'a'.repeat(64),
    'a'.repeat(254),
  ]
  const accepted = { from: ['group', 'kind', 'namespace'], to: ['group', 'kind', 'name'] } as const
  for (const { title, schema } of grants) {
    for (const [half, parts] of Object.entries(accepted)) {
      assert.equal(schemaAt(schema, `spec.${half}`)?.maxItems, MOST_ENTRIES, title)
      for (const part of parts) {
        const {
          pattern = '',
          minLength = 0,
          maxLength = Infinity,
        } = schemaAt(schema, `spec.${half}[].${part}`) as Schema
        for (const example of examples) {
          const accepts =
            new RegExp(pattern).test(example) && example.length >= minLength && example.length <= maxLength
          assert.equal(VALID[part].test(example), accepts, `${title} ${half} ${part} ${example}`)
        }
      }
    }
  }
})

/** Holds a row to every version of its kind that has the field; there has to be one. */
function checkRow({ from, path, to }: GuardedField): void {
  const ofKind = kindVersions.filter(({ group, kind }) => group === from.group && kind === from.kind)
  for (const { title, plural, scope, schema } of ofKind) {
    assert.equal(plural, from.plural, title)
    assert.equal(scope, 'Namespaced', title)
    assert.equal(schemaAt(schema, 'spec.parentRefs[]') !== undefined, from.route === true, `${title}: route or not`)
  }
  const fields = ofKind.flatMap(({ title, schema }) => {
    const field = schemaAt(schema, path)
    return field ? [{ title: `${title}: ${path}`, field }] : []
  })
  assert.notEqual(fields.length, 0, `no release has ${path} of ${from.kind} (${from.group})`)
  for (const { title, field } of fields) checkField(title, field, to)
}

function checkField(title: string, { properties, required = [] }: Schema, to: GroupKind | undefined): void {
  for (const name of ['name', 'namespace', 'group', 'kind']) assert.equal(properties?.[name]?.type, 'string', title)
  // Without a default, both have to be written.
  assert.deepEqual(
    { group: properties?.group?.default, kind: properties?.kind?.default },
    { ...NO_DEFAULT, ...to },
    title,
  )
  for (const name of ['group', 'kind']) assert.equal(required.includes(name), to === undefined, `${title}: ${name}`)
}

const NO_DEFAULT = { group: undefined, kind: undefined }

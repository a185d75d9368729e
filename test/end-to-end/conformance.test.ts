import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { moduleFolder } from '../harness/control-plane/go-modules.ts'
import { newFolder } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { refgrant } from '../harness/program/cli.ts'

/** What is made of a file's references into other namespaces, by the grants of that file alone. */
interface Judgement {
  /** The references that no grant permits, as `KIND NAME: FIELD`. */
  readonly refused: readonly string[]
  readonly permitted: number
}

/**
 * What the conformance suite has implementations report as RefNotPermitted, for each of its files that hold grants or
 * references which need one. Where a test deletes the grants in the end, `revoked` is what is refused without them.
 *
 * The suite lets a route with one bad reference of two serve the other; an admission webhook refuses it as a whole.
 */
const EXPECTED: Readonly<Record<string, Judgement & { readonly revoked?: string }>> = {
  'gateway-invalid-tls-backend-configuration.yaml': {
    refused: ['Gateway gateway-client-certificate-missing-reference-grant: spec.tls.backend.clientCertificateRef'],
    permitted: 0,
  },
  'gateway-secret-invalid-reference-grant.yaml': {
    refused: ['Gateway gateway-secret-invalid-reference-grant: spec.listeners[0].tls.certificateRefs[0]'],
    permitted: 0,
  },
  'gateway-secret-missing-reference-grant.yaml': {
    refused: [
      'Gateway gateway-secret-missing-reference-grant: spec.listeners[0].tls.certificateRefs[0]',
      // New in v1.7: a Secret that does not exist, which must make no difference.
      'Gateway gateway-secret-missing-reference-grant: spec.listeners[1].tls.certificateRefs[0]',
    ],
    permitted: 0,
  },
  'gateway-secret-reference-grant-all-in-namespace.yaml': { refused: [], permitted: 1 },
  'gateway-secret-reference-grant-specific.yaml': { refused: [], permitted: 1 },
  'gateway-with-invalid-clientcertificate-validation.yaml': {
    refused: [
      'Gateway gateway-with-invalid-client-cert-validation: spec.tls.frontend.perPort[2].tls.validation.caCertificateRefs[0]',
    ],
    permitted: 0,
  },
  'httproute-invalid-cross-namespace-backend-ref.yaml': {
    refused: ['HTTPRoute invalid-cross-namespace-backend-ref: spec.rules[0].backendRefs[0]'],
    permitted: 0,
  },
  'httproute-invalid-reference-grant.yaml': {
    refused: ['HTTPRoute reference-grant: spec.rules[0].backendRefs[0]'],
    permitted: 0,
  },
  'httproute-partially-invalid-via-invalid-reference-grant.yaml': {
    refused: ['HTTPRoute invalid-reference-grant: spec.rules[0].backendRefs[0]'],
    permitted: 1,
  },
  'httproute-reference-grant.yaml': {
    refused: [],
    permitted: 1,
    revoked: 'HTTPRoute reference-grant: spec.rules[0].backendRefs[0]',
  },
  'listenerset-allowed-routes-namespaces.yaml': { refused: [], permitted: 3 },
  'listenerset-reference-grant.yaml': {
    // Its Gateway has a grant, and so has another ListenerSet.
    refused: ['ListenerSet listenerset-without-reference-grant: spec.listeners[0].tls.certificateRefs[0]'],
    permitted: 2,
  },
  'tcproute-invalid-cross-namespace-backend-ref.yaml': {
    refused: ['TCPRoute tcp-invalid-cross-namespace-backend-ref: spec.rules[0].backendRefs[0]'],
    permitted: 0,
  },
  'tcproute-reference-grant.yaml': {
    refused: [],
    permitted: 1,
    revoked: 'TCPRoute tcp-reference-grant: spec.rules[0].backendRefs[0]',
  },
  'tlsroute-invalid-reference-grant.yaml': {
    refused: ['TLSRoute gateway-conformance-infra-test: spec.rules[0].backendRefs[0]'],
    permitted: 0,
  },
  'udproute-invalid-cross-namespace-backend-ref.yaml': {
    refused: ['UDPRoute udp-route-invalid-cross-namespace-backend-ref: spec.rules[0].backendRefs[0]'],
    permitted: 0,
  },
  'udproute-reference-grant.yaml': {
    refused: [],
    permitted: 1,
    revoked: 'UDPRoute udp-route-reference-grant: spec.rules[0].backendRefs[0]',
  },
}

const suiteFolder = await moduleFolder('sigs.k8s.io/gateway-api/conformance', 'v1.7.0')
const testsFolder = path.join(suiteFolder, 'tests')
const ofTests = (await readdir(testsFolder, { recursive: true })).filter((file) => file.endsWith('.yaml'))
const isGrant = ({ kind }: ApiObject) => kind === 'ReferenceGrant'

async function objectsOf(file: string): Promise<ApiObject[]> {
  const documents = parseAllDocuments(await readFile(file, 'utf8')).map((document) => document.toJS())
  return documents.filter((object) => object !== null)
}

/** What `refgrant check` makes of files together. */
async function judgement(...files: string[]): Promise<Judgement> {
  const { code, stdout, stderr } = await refgrant(['check', '--output', 'json', ...files])
  assert.equal(stderr, '')
  const { summary, findings } = JSON.parse(stdout) as Report
  assert.equal(summary.files, files.length)
  assert.equal(code, summary.errors > 0 ? 1 : 0)
  const refused = findings.filter((finding) => finding.code === 'not-permitted')
  return {
    refused: refused.map(({ object, field }) => `${object.kind} ${object.name}: ${field}`),
    permitted: summary.references - refused.length,
  }
}

/** The parts of the report that are looked at. */
interface Report {
  readonly summary: { readonly files: number; readonly references: number; readonly errors: number }
  readonly findings: readonly { code: string; object: { kind: string; name: string }; field: string }[]
}

/** A file with these objects. */
async function fileWith(objects: readonly unknown[]): Promise<string> {
  const file = path.join(newFolder(), 'objects.yaml')
  await writeFile(file, objects.map((object) => JSON.stringify(object)).join('\n---\n'))
  return file
}

suite("the conformance suite's own objects are judged as it demands", () => {
  for (const [name, { revoked, ...expected }] of Object.entries(EXPECTED)) {
    const file = path.join(testsFolder, name)
    test(name, async () => {
      assert.deepEqual(await judgement(file), expected)
    })
    if (revoked === undefined) continue
    test(`${name} once its grants are deleted`, async () => {
      const rest = (await objectsOf(file)).filter((object) => !isGrant(object))
      assert.deepEqual(await judgement(await fileWith(rest)), { refused: [revoked], permitted: 0 })
    })
  }

  test('and all others need no grant', async () => {
    const others = [
      ...ofTests.filter((name) => !(name in EXPECTED)).map((name) => path.join(testsFolder, name)),
      ...['base', 'mesh'].map((part) => path.join(suiteFolder, part, 'manifests.yaml')),
    ]
    assert.ok(others.length > 100, `${others.length} files`)
    // Without a grant among them no file can help another, so they may be judged together.
    assert.deepEqual((await Promise.all(others.map(objectsOf))).flat().filter(isGrant), [])
    assert.deepEqual(await judgement(...others), { refused: [], permitted: 0 })
  })

  test('and every test that speaks of RefNotPermitted has a file that is refused', async () => {
    const sources = (await readdir(testsFolder, { recursive: true })).filter((file) => file.endsWith('.go'))
    const texts = await Promise.all(sources.map((source) => readFile(path.join(testsFolder, source), 'utf8')))
    const files = texts
      .filter((text) => text.includes('ReasonRefNotPermitted'))
      .flatMap((text) => [...text.matchAll(/"tests\/([^"]+\.yaml)"/g)].map(([, file]) => file as string))
    assert.notEqual(files.length, 0)
    const notRefused = files.filter((file) => !EXPECTED[file]?.revoked && !EXPECTED[file]?.refused.length)
    assert.deepEqual(notRefused, [])
  })
})

suite('a route for a mesh needs no grant', () => {
  const file = path.join(testsFolder, 'mesh', 'mesh-consumer-route.yaml')

  test('as MeshConsumerRoute demands', async () => {
    assert.deepEqual(await judgement(file), { refused: [], permitted: 0 })
  })

  test('and would need one with a Gateway for a parent', async () => {
    const objects = (await objectsOf(file)).map((object) => ({
      ...object,
      spec: { ...(object.spec as object), parentRefs: [{ name: 'web' }] },
    }))
    assert.deepEqual(await judgement(await fileWith(objects)), {
      refused: ['HTTPRoute mesh-echo-add-header: spec.rules[0].backendRefs[0]'],
      permitted: 0,
    })
  })
})

test('explain names each of the seven grants that nearly permit the route, and each field that differs', async () => {
  const file = path.join(testsFolder, 'httproute-invalid-reference-grant.yaml')
  const { stdout } = await refgrant(['explain', '--output', 'json', '-f', file])
  const [{ nearMisses }] = JSON.parse(stdout).references
  const fields = nearMisses.map((miss: { grant: { name: string }; differences: { field: string }[] }) => [
    miss.grant.name.replace('reference-grant-wrong-', ''),
    miss.differences.map(({ field }) => field),
  ])
  assert.deepEqual(Object.fromEntries(fields), {
    namespace: ['metadata.namespace'],
    'from-group': ['spec.from[0].group'],
    'from-kind': ['spec.from[0].kind'],
    'from-namespace': ['spec.from[0].namespace'],
    'to-group': ['spec.to[0].group'],
    'to-kind': ['spec.to[0].kind'],
    // It names another kind as well.
    'to-name': ['spec.to[0].kind', 'spec.to[0].name'],
  })
  assert.equal(nearMisses.at(-1)?.grant.name, 'reference-grant-wrong-to-name')
})

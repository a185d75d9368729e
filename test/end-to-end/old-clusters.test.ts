import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type GuardedField, guardedFields } from '../../src/policy/catalogue.ts'
import { Coverage } from '../../src/policy/coverage.ts'
import { extract } from '../../src/policy/extract.ts'
import { crosses } from '../../src/policy/judge.ts'
import type { Reference } from '../../src/policy/reference.ts'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import { gatewayApiCrds } from '../harness/control-plane/gateway-api.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { readCases } from '../harness/objects/cases.ts'
import { type KindVersion, schemaAt, versionsOf } from '../harness/objects/crd-schemas.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

/** Releases whose experimental channels together have every guarded field, in the order they are installed. */
const RELEASES = ['v0.8.1', 'v1.2.1', 'v1.3.0', 'v1.7.0']
const crdsOf = new Map<string, ApiObject[]>()
for (const release of RELEASES) crdsOf.set(release, await gatewayApiCrds(release, 'experimental'))

let cluster: Cluster
// One process through it all: the CRDs change under its feet.
let refgrant: Refgrant

before(async () => {
  // Nor does an API server of before 1.34 stream lists.
  cluster = await startCluster({ apiServerFlags: ['--feature-gates=WatchList=false'] })
  const references = cases.flatMap(({ object }) => crossing(new Coverage(guardedFields), object))
  const namespaces = references.flatMap(({ from, to }) => [from.namespace, to.namespace])
  await cluster.namespaces(...new Set(namespaces))
  refgrant = await startGuard(cluster)
})
after(async () => {
  await refgrant?.stop()
  await cluster?.controlPlane.stop()
})

test('lists are made page by page', () => {
  const synced = refgrant.log.find(({ msg }) => msg === 'synced')
  assert.equal(synced?.streamed, false)
})

const anyRow = guardedFields[0] as GuardedField

/** An object whose references into other namespaces are in one guarded field. */
interface Violation {
  readonly object: ApiObject
  readonly references: readonly Reference[]
}

const cases = readCases()

/**
 * An object that is refused for this field and no other, from the cases: one written for this version if there is one,
 * else for v1, and the smallest of several, which other versions of the schema take most likely.
 */
function refusedObject(row: GuardedField, version: string): Violation | undefined {
  const all = new Coverage(guardedFields)
  const only = new Coverage([row])
  const ranks = ['v1', version]
  const rank = ({ object }: Violation) => ranks.indexOf(object.apiVersion.split('/')[1] as string)
  const size = ({ object }: Violation) => JSON.stringify(object).length
  return cases
    .filter(({ expect, oldObject }) => !expect.allowed && !oldObject)
    .map(({ object }) => ({ object, references: crossing(only, object), all: crossing(all, object).length }))
    .filter(({ references, all }) => references.length > 0 && references.length === all)
    .sort((a, b) => rank(b) - rank(a) || size(a) - size(b))[0]
}

function crossing(coverage: Coverage, object: ApiObject): Reference[] {
  const { apiVersion, kind, metadata } = object
  const group = apiVersion.split('/')[0] as string
  const from = { group, kind, namespace: metadata.namespace as string, name: metadata.name }
  return extract(coverage, from, object).filter(crosses)
}

function violationOf(row: GuardedField, version = 'v1'): Violation {
  const violation = refusedObject(row, version)
  assert.ok(violation, `test/cases has no object that is refused for ${row.from.kind} ${row.path} alone`)
  return violation
}

/** The grants that permit these references. */
function grantsFor(references: readonly Reference[], version: string): ApiObject[] {
  return references.map(({ from, to }, index) => ({
    apiVersion: `gateway.networking.k8s.io/${version}`,
    kind: 'ReferenceGrant',
    metadata: { name: `grant-${index}`, namespace: to.namespace },
    spec: {
      from: [{ group: from.group, kind: from.kind, namespace: from.namespace }],
      to: [{ group: to.group, kind: to.kind, name: to.name }],
    },
  }))
}

test('every guarded field has a case that is refused for it alone, and a release that is installed here', () => {
  const versions = [...crdsOf.values()].flat().flatMap(versionsOf)
  for (const row of guardedFields) {
    const title = `${row.from.kind} (${row.from.group}): ${row.path}`
    violationOf(row)
    assert.ok(
      versions.some((version) => hasField(version, row)),
      `no release has ${title}`,
    )
  }
})

/** Whether objects of this version of a kind reach admission with this field. */
function hasField({ group, kind, served, schema }: KindVersion, { from, path }: GuardedField): boolean {
  return served && group === from.group && kind === from.kind && schemaAt(schema, path) !== undefined
}

for (const [release, crds] of crdsOf) {
  const versions = crds.flatMap(versionsOf).filter(({ served }) => served)
  const grantVersions = versions.filter(({ kind }) => kind === 'ReferenceGrant').map(({ version }) => version)

  suite(`with the CRDs of ${release}`, () => {
    before(() => install(crds, versions))

    test('refgrant sees the grants that come and go', async () => {
      for (const version of grantVersions) {
        const grants = grantsFor(violationOf(anyRow).references, version)
        await cluster.controlPlane.api.apply(...grants)
        await refgrant.knows(grants.length)
        await cluster.controlPlane.api.delete(...grants)
        await refgrant.knows(0)
      }
    })

    for (const version of versions) {
      for (const row of guardedFields.filter((row) => hasField(version, row))) {
        test(`${row.from.kind} ${version.version}, ${row.path}: refused, and accepted with a grant`, () =>
          checkField(row, version, grantVersions))
      }
    }
  })
}

test('a ReferenceGrant API that goes away takes its grants along, and counts again as soon as it is back', async () => {
  const { api } = cluster.controlPlane
  const { object, references } = violationOf(anyRow)
  const grants = grantsFor(references, 'v1beta1')
  const crd = (crdsOf.get('v1.7.0') ?? []).filter(({ metadata }) => metadata.name.startsWith('referencegrants.'))
  try {
    await api.apply(...grants)
    await refgrant.knows(grants.length)
    await remove(crd[0] as ApiObject)
    await refgrant.knows(0)
    // The API's absence is known only after a second look; until then there is no verdict.
    await until('it is refused', () =>
      refused(object, references).then(
        () => true,
        (error) => {
          if (/could not look up/.test(String(error))) return false
          throw error
        },
      ),
    )
    await api.installCrds(crd)
    await served(crd.flatMap(versionsOf))
    await api.apply(...grants)
    // The watch may begin seconds later: a fresh read has to find them.
    await accepted(object)
  } finally {
    await api.delete(object, ...grants)
  }
})

/**
 * Brings the API server to another release in place, as an upgrade does. A CRD of which objects are stored in a version
 * that the other release lacks has to go first: the API server would refuse it.
 */
async function install(crds: readonly ApiObject[], versions: readonly KindVersion[]): Promise<void> {
  const { api } = cluster.controlPlane
  for (const crd of crds) {
    const { status, body } = await api.request('GET', await api.pathOf(crd))
    const names = versionsOf(crd).map(({ version }) => version)
    const keep = status === 404 || body.status.storedVersions.every((stored: string) => names.includes(stored))
    if (!keep) await remove(crd)
  }
  await api.installCrds(crds)
  await served(versions)
}

/** How many looks at a deleted CRD are between two changes: some seconds, since each change may itself be a conflict. */
const CHANGE_EVERY = 100

/**
 * Deletes a CRD. If the storage of its objects is just being initialized, the API server may fail once, meet a conflict
 * with its own update of the status, and then wait until something else in the CRD changes: so an annotation does.
 * Source: k8s.io/apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go.
 */
async function remove(crd: ApiObject): Promise<void> {
  const { api } = cluster.controlPlane
  const path = await api.pathOf(crd)
  await api.must('DELETE', path)
  let looks = 0
  await until(`${crd.metadata.name} is gone`, async () => {
    looks += 1
    if (looks % CHANGE_EVERY > 0) return (await api.request('GET', path)).status === 404
    const change = { metadata: { annotations: { 'test.refgrant.dev/looks': String(looks) } } }
    return (await api.request('PATCH', path, change, 'application/merge-patch+json')).status === 404
  })
}

async function served(versions: readonly KindVersion[]): Promise<void> {
  for (const { group, version, plural } of versions.filter(({ served }) => served)) {
    await until(`${plural} ${version} is served`, async () => {
      const { status, body } = await cluster.controlPlane.api.request('GET', `/apis/${group}/${version}`)
      return status === 200 && body.resources.some(({ name }: { name: string }) => name === plural)
    })
  }
}

async function checkField(
  row: GuardedField,
  { group, version }: KindVersion,
  grantVersions: readonly string[],
): Promise<void> {
  const { object: written, references } = violationOf(row, version)
  const object = { ...written, apiVersion: `${group}/${version}` }
  const { api } = cluster.controlPlane
  assert.notEqual(grantVersions.length, 0)
  await inForce(object)
  try {
    await refused(object, references)
  } finally {
    await api.delete(object)
  }
  for (const grantVersion of grantVersions) {
    const grants = grantsFor(references, grantVersion)
    try {
      await api.apply(...grants)
      await accepted(object)
    } finally {
      await api.delete(object, ...grants)
      await refgrant.knows(0)
    }
  }
}

const apply = (object: ApiObject) => cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object))

async function accepted(object: ApiObject): Promise<void> {
  const { code, stderr } = await apply(object)
  assert.equal(code, 0, stderr)
}

async function refused(object: ApiObject, references: readonly Reference[]): Promise<void> {
  const { code, stderr } = await apply(object)
  assert.equal(code, 1, stderr)
  assert.match(
    stderr,
    /^Error from server \(Forbidden\).*admission webhook "deny\.refgrant\.dev" denied the request: /m,
  )
  for (const { path, to } of references) assert.ok(stderr.includes(`${path} refers to ${to.kind}`), stderr)
}

/** Waits until the API server takes this object by the schema of its CRD, which it changes a moment after the CRD. */
async function inForce(object: ApiObject): Promise<void> {
  const { api } = cluster.controlPlane
  const create = `${(await api.pathOf(object)).replace(/\/[^/]+$/, '')}?dryRun=All&fieldValidation=Strict`
  let answer: unknown
  await until(`${object.kind} is taken`, async () => {
    const { status, body } = await api.request('POST', create, object)
    answer = body
    return status === 201 || status === 403
  }).catch((error) => assert.fail(`${error.message}: ${JSON.stringify(answer)}`))
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { answer, questionIn } from '../../src/admission/answer.ts'
import { NotAReview, parseReview } from '../../src/admission/review.ts'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { type Grant, parseGrant } from '../../src/policy/grant.ts'
import { lookupIn } from '../../src/policy/grant-index.ts'
import { lookUpsIn, sourceOf } from '../harness/stand-ins/grant-source.ts'
import { defaultSettings } from '../harness/stand-ins/settings.ts'
import { isPermitted, type Json, references } from './oracle.ts'

/** How many reviews are tried; `make fuzz RUNS=N` tries more. */
const RUNS = Number(process.env.REFGRANT_FUZZ_RUNS ?? 500)
/** Printed, so that a failure can be had again: `make fuzz SEED=N`. */
const SEED = Number(process.env.REFGRANT_FUZZ_SEED ?? Date.now() % 2 ** 31)

const { coverage } = defaultSettings
const GATEWAY_API = 'gateway.networking.k8s.io'

// Few words, so that references and grants often meet.
const namespace = fc.constantFrom('shop', 'billing', 'certs')
const name = fc.constantFrom('a', 'b', 'c\n"d"', '__proto__')
const group = fc.constantFrom('', GATEWAY_API, 'gateway.networking.x-k8s.io', 'core')
const kind = fc.constantFrom('Service', 'Secret', 'HTTPRoute', 'Gateway', 'GRPCRoute', 'service')
const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    0,
    '',
    'x',
    [],
    {},
    [null],
    { name: 'a' },
    JSON.parse('{"__proto__":{"name":"a"}}'),
  ),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
)
function mostly(value: fc.Arbitrary<unknown>, other: fc.Arbitrary<unknown> = odd): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary: value, weight: 15 }, { arbitrary: other, weight: 1 })
}

/** Mostly what the catalogue's fields refer to, so that a grant for it is likely. */
const reference = fc.record(
  {
    group: mostly(fc.constant(''), group),
    kind: mostly(fc.constantFrom('Service', 'Secret'), kind),
    namespace: mostly(namespace, odd),
    name: mostly(name, odd),
  },
  { requiredKeys: ['name'] },
)

type Placement = { readonly path: string; readonly indexes: readonly number[]; readonly value: unknown }

/** An object that holds references in some of its kind's guarded fields, and odd things here and there. */
function guardedObject(paths: readonly string[]): fc.Arbitrary<Json> {
  const index = fc.constantFrom(0, 0, 1, 2)
  const placement = fc.record({
    path: fc.constantFrom(...paths),
    indexes: fc.array(index, { minLength: 4, maxLength: 4 }),
    value: mostly(reference),
  })
  const parent = fc.constantFrom(
    { name: 'web' },
    { group: '', kind: 'Service', name: 'web' },
    { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'web' },
  )
  return fc
    .record({
      placements: fc.array(placement, { maxLength: 3 }),
      parentRefs: fc.option(mostly(fc.array(parent, { maxLength: 2 })), { nil: undefined }),
      metadata: mostly(fc.record({ name })),
    })
    .map(({ placements, parentRefs, metadata }) => {
      const object: { [key: string]: Json } = { metadata: metadata as Json }
      for (const one of placements) place(object, one)
      if (parentRefs !== undefined && isRecord(object.spec)) object.spec.parentRefs = parentRefs as Json
      return object
    })
}

function place(object: { [key: string]: Json }, { path, indexes, value }: Placement): void {
  const steps = path.replaceAll('[]', '.[]').split('.')
  const keys = steps.map((step, depth) =>
    step === '[]' ? (indexes[steps.slice(0, depth).filter((s) => s === '[]').length] ?? 0) : step,
  )
  // biome-ignore lint/suspicious/noExplicitAny: any JSON, made on the way
  let place: any = object
  for (const [depth, key] of keys.slice(0, -1).entries()) {
    const list = typeof keys[depth + 1] === 'number'
    const there = place[key]
    if (list ? !Array.isArray(there) : !isRecord(there)) place[key] = list ? [] : {}
    place = place[key]
  }
  place[keys.at(-1) as string] = value
}

function isRecord(value: unknown): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A grant that mostly accepts `from`, and sometimes misses it by a part. */
function grantFor(from: { group: string; kind: string; namespace: string }): fc.Arbitrary<Json> {
  const accepted = fc.record({
    group: mostly(fc.constant(from.group), group),
    kind: mostly(fc.constant(from.kind), kind),
    namespace: mostly(fc.constant(from.namespace), namespace),
  })
  const exposed = fc.record(
    { group: mostly(fc.constant(''), group), kind: fc.constantFrom('Service', 'Secret'), name: fc.option(name) },
    { requiredKeys: ['group', 'kind'] },
  )
  return fc.record({
    apiVersion: fc.constant(`${GATEWAY_API}/v1`),
    kind: fc.constant('ReferenceGrant'),
    metadata: fc.record({ name: fc.constantFrom('one', 'two', 'three'), namespace }),
    spec: mostly(
      fc.record({
        from: mostly(fc.array(mostly(accepted), { minLength: 1, maxLength: 3 })),
        to: mostly(fc.array(mostly(exposed), { minLength: 1, maxLength: 3 })),
      }),
    ),
  }) as fc.Arbitrary<Json>
}

const requests = fc.constantFrom(...coverage.referrers()).chain((referrer) => {
  const paths = guardedFields.filter(({ from }) => from.kind === referrer.kind).map(({ path }) => path)
  return fc.record({
    uid: fc.uuid(),
    kind: fc.constant({ group: referrer.group, version: 'v1', kind: referrer.kind }),
    namespace,
    operation: fc.constantFrom('CREATE' as const, 'UPDATE' as const),
    userInfo: fc.constant({}),
    object: guardedObject(paths),
    oldObject: guardedObject(paths),
  })
})

/** A request and grants, no two of one namespace and name. */
const situation = requests.chain((request) => {
  const { group, kind } = request.kind
  const grants = fc.uniqueArray(grantFor({ group, kind, namespace: request.namespace }), {
    maxLength: 6,
    selector: (grant) => JSON.stringify((grant as { metadata: Json }).metadata),
  })
  return fc.record({ request: fc.constant(request), grants })
})

test(`any review is judged as the rule says, seed ${SEED}, ${RUNS} runs`, async () => {
  const verdicts = { allowed: 0, refused: 0 }
  const property = fc.asyncProperty(situation, async (generated) => {
    // As it comes from the network.
    const { request, grants } = JSON.parse(JSON.stringify(generated))
    const question = questionIn({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })
    const lookUps = lookUpsIn(sourceOf(lookupIn(readGrants(grants))))
    const answered = await answer(question, defaultSettings, lookUps)
    const { response } = JSON.parse(JSON.stringify(answered.response))
    assert.equal(response.uid, request.uid)

    const from = { ...request.kind, namespace: request.namespace }
    const held = request.operation === 'UPDATE' ? references(from, request.oldObject) : []
    const added = references(from, request.object).filter((one) => !held.some((old) => sameTarget(old, one)))
    const allowed = added.every((one) => isPermitted(from, one, grants))
    assert.equal(response.allowed, allowed)
    if (added.length > 0) verdicts[allowed ? 'allowed' : 'refused'] += 1
  })
  await fc.assert(property, { numRuns: RUNS, seed: SEED })
  // A generator that never meets a grant, or always does, would test nothing.
  assert.ok(Math.min(verdicts.allowed, verdicts.refused) > RUNS / 50, JSON.stringify(verdicts))
})

test(`any JSON is a review or no review, and never anything else, seed ${SEED}`, () => {
  const property = fc.property(fc.oneof(odd, fc.jsonValue() as fc.Arbitrary<Json>), (body) => {
    assert.throws(() => parseReview(body), NotAReview)
    const wrapped = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: body }
    assert.throws(() => parseReview(wrapped), NotAReview)
  })
  fc.assert(property, { numRuns: RUNS, seed: SEED })
})

function sameTarget(a: { to: readonly string[] }, b: { to: readonly string[] }): boolean {
  return a.to.every((part, index) => part === b.to[index])
}

function readGrants(grants: readonly unknown[]): Grant[] {
  return grants.map((grant) => parseGrant(grant)).filter((grant) => grant !== undefined)
}

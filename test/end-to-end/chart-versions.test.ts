import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { Ajv } from 'ajv'
import { overlays, rendered, valuesFiles } from '../harness/control-plane/chart.ts'
import { moduleFolder } from '../harness/control-plane/go-modules.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { LONG } from '../harness/traffic/faults.ts'

/** The releases of Kubernetes that the chart is for. A short run takes the oldest and the newest, since each is a download. */
const MINORS = LONG ? [30, 31, 32, 33, 34, 35, 36, 37] : [30, 37]

interface Definition {
  readonly properties?: object
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[]
}

/** The schemas of a release, by `apiVersion` and kind, in which an unknown field is an error. */
async function schemasOf(minor: number) {
  const folder = await moduleFolder('k8s.io/kubernetes', `v1.${minor}.0`)
  const { definitions } = JSON.parse(readFileSync(path.join(folder, 'api/openapi-spec/swagger.json'), 'utf8')) as {
    definitions: Record<string, Definition>
  }
  const strict = Object.entries(definitions).map(([name, definition]) => [
    name,
    // A quantity or a port may be a number, too.
    /\.(Quantity|IntOrString)$/.test(name)
      ? {}
      : { ...definition, ...(definition.properties && { additionalProperties: false }) },
  ])
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema({ $id: 'kubernetes', definitions: Object.fromEntries(strict) })
  const names = Object.entries(definitions).flatMap(([name, definition]) =>
    (definition['x-kubernetes-group-version-kind'] ?? []).map(
      ({ group, version, kind }) => [`${group ? `${group}/` : ''}${version} ${kind}`, name] as const,
    ),
  )
  const byKind = new Map(names)
  return (apiVersion: string, kind: string) =>
    ajv.getSchema(`kubernetes#/definitions/${byKind.get(`${apiVersion} ${kind}`)}`)
}

/** What is validated, by where it comes from; without the kinds of other projects, which other tests apply. */
async function everyObject(): Promise<Map<string, ApiObject[]>> {
  const all = new Map<string, ApiObject[]>()
  const add = (from: string, objects: readonly ApiObject[]) =>
    all.set(
      from,
      objects.filter(({ apiVersion }) => !/^(cert-manager|monitoring)/.test(apiVersion)),
    )
  for (const file of [...valuesFiles, ...overlays.map((folder) => `${folder}/values.yaml`)]) {
    add(file, await rendered('--values', file))
    // Helm takes it for an error if there is nothing to show.
    const shown = ['--set', 'probe.enabled=true,registration.enabled=true', '--show-only', 'templates/probe.yaml']
    add(`${file}, the probe`, await rendered('--values', file, ...shown))
  }
  for (const part of ['rbac', 'webhook', 'mode-label-policy'])
    add(`refgrant manifests ${part}`, await printed('manifests', part))
  return all
}

suite('every object that the chart, the overlays and refgrant manifests print is valid', async () => {
  const all = await everyObject()
  for (const minor of MINORS)
    test(`for Kubernetes 1.${minor}`, async () => {
      const schema = await schemasOf(minor)
      for (const [from, objects] of all) {
        assert.ok(objects.length > 0, from)
        for (const object of objects) {
          const validate = schema(object.apiVersion, object.kind)
          assert.ok(validate, `Kubernetes 1.${minor} has no ${object.kind} of ${object.apiVersion}`)
          const where = `${from}: ${object.kind} ${object.metadata.name}`
          assert.ok(validate(object), `${where}: ${JSON.stringify(validate.errors)}`)
        }
      }
    })

  test('for none with an unknown field', async () => {
    const schema = await schemasOf(30)
    for (const object of [...all.values()].flat()) {
      const changed = { ...object, metadata: { ...object.metadata, unknown: 'x' } }
      assert.equal(schema(object.apiVersion, object.kind)?.(changed), false, `${object.kind} ${object.metadata.name}`)
    }
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { Ajv } from 'ajv'
import { CHART, rendered } from '../harness/control-plane/chart.ts'
import { moduleFolder } from '../harness/control-plane/gateway-api.ts'
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

suite('every object of the chart is valid', () => {
  for (const minor of MINORS)
    test(`for Kubernetes 1.${minor}`, async () => {
      const schema = await schemasOf(minor)
      const objects = [
        ...(await rendered()),
        ...(await rendered('--values', `${CHART}/ci/all-values.yaml`)),
        ...(await rendered('--show-only', 'templates/probe.yaml')),
      ].filter(({ apiVersion }) => !/^(cert-manager|monitoring)/.test(apiVersion))
      assert.ok(objects.length > 30)
      for (const object of objects) {
        const validate = schema(object.apiVersion, object.kind)
        assert.ok(validate, `Kubernetes 1.${minor} has no ${object.kind} of ${object.apiVersion}`)
        assert.ok(validate(object), `${object.kind} ${object.metadata.name}: ${JSON.stringify(validate.errors)}`)
      }
    })
})

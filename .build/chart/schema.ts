import { readFileSync, writeFileSync } from 'node:fs'
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml'
import { configurationSchema } from '../../src/config/schema.ts'

/**
 * Writes the schema of the chart's values. The values file tells the names, types and descriptions; the tables below tell
 * what it cannot. An unknown value is an error, so that a typing mistake does not go unnoticed.
 */

const CHART = 'manifests/chart'

const choice = (...values: string[]) => ({ enum: values })
const port = { type: 'integer', minimum: 1, maximum: 65_535 }
const anyObject = { type: 'object' }

const { $schema: _, ...configuration } = configurationSchema

/** What values may be, by their place. */
const LIMITS: Record<string, object> = {
  configuration: { ...configuration, required: [] },
  'image.pullPolicy': choice('Always', 'IfNotPresent', 'Never'),
  'image.digest': { type: 'string', pattern: '^(sha256:.+)?$' },
  'certificates.source': choice('self-managed', 'files'),
  'certManager.issuerRef': { type: 'object', required: [], properties: { name: { type: 'string' } } },
  'webhook.port': port,
  'metrics.port': port,
  replicaCount: { type: 'integer', minimum: 0 },
  'podDisruptionBudget.maxUnavailable': { type: ['integer', 'string'] },
  drainSeconds: { type: 'integer', minimum: 0, maximum: 3_600 },
  logLevel: choice('debug', 'info', 'warn', 'error'),
  extraArgs: { type: 'array', items: { type: 'string' } },
  resources: anyObject,
  'grafana.labels': anyObject,
  extraObjects: { type: 'array', items: { type: ['object', 'string'] } },
}

/** The port of the kubelet on each node. */
const KUBELET_PORT = 10_250

/** What a combination of values may not be. */
const RULES = [
  {
    if: { required: ['hostNetwork'], properties: { hostNetwork: { const: true } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { webhook: { properties: { port: { not: { const: KUBELET_PORT } } } } } },
  },
]

function schemaOf(node: Node, place: string, comment: string | null | undefined): object {
  const description = comment ? { description: comment.replace(/\s+/g, ' ').trim() } : {}
  return { ...description, ...(LIMITS[place] ?? typeOf(node, place)) }
}

function typeOf(node: Node, place: string): object {
  if (isMap(node) && node.items.length > 0) return mapOf(node, place)
  if (isMap(node)) return anyObject
  if (isSeq(node)) return { type: 'array' }
  return { type: isScalar(node) ? typeof node.value : 'null' }
}

function mapOf(map: YAMLMap, place: string) {
  const properties = (map.items as Pair<Node, Node>[]).map(({ key, value }, index) => {
    const name = String(key)
    // The comment before the first key of a map below another belongs to the map.
    const comment = key.commentBefore ?? (index === 0 ? map.commentBefore : undefined)
    return [name, schemaOf(value as Node, place === '' ? name : `${place}.${name}`, comment)]
  })
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) }
}

const root = parseDocument(readFileSync(`${CHART}/values.yaml`, 'utf8')).contents as YAMLMap
const { properties, ...values } = mapOf(root, '')
// A chart that has this one as a part passes its global values on.
const all = { ...values, properties: { global: anyObject, ...properties }, allOf: RULES }
const schema = { $schema: configurationSchema.$schema, title: 'values of the chart refgrant', ...all }
writeFileSync(`${CHART}/values.schema.json`, `${JSON.stringify(schema, null, 2)}\n`)

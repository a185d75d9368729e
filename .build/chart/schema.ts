import { readFileSync, writeFileSync } from 'node:fs'
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml'
import { configurationSchema } from '../../src/config/schema.ts'

/**
 * Writes the schema of the chart's values. The values file tells the names, types and descriptions; the tables below tell
 * what it cannot. An unknown value is an error, so that a typing mistake does not go unnoticed.
 */

const CHART = 'manifests/chart'

const choice = (...values: string[]) => ({ enum: values })
const pattern = (pattern: string) => ({ type: 'string', pattern })
const port = { type: 'integer', minimum: 1, maximum: 65_535 }
const namespace = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'
const anyObject = { type: 'object' }
const objects = { type: 'array', items: anyObject }
/** Labels, annotations or a node selector. `--set-string` sets one that looks like a number. */
const texts = { type: 'object', additionalProperties: { type: 'string' } }
const { $schema: _, ...configuration } = configurationSchema

/** What values may be, by their place. */
const LIMITS: Record<string, object> = {
  configuration: { ...configuration, required: [] },
  namespaceOverride: pattern(`^(${namespace})?$`),
  commonLabels: texts,
  // A host, maybe with a port, and folders: neither https:// nor a slash at the end.
  'image.registry': pattern('^((\\[[0-9a-fA-F:]+\\]|[A-Za-z0-9.-]+)(:[0-9]+)?(/[a-z0-9._-]+)*)?$'),
  'image.repository': pattern('^[a-z0-9._-]+(/[a-z0-9._-]+)*$'),
  'image.tag': pattern('^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$'),
  'image.digest': pattern('^(sha256:[0-9a-f]{64})?$'),
  'image.pullPolicy': choice('Always', 'IfNotPresent', 'Never'),
  imagePullSecrets: {
    type: 'array',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name'],
      properties: { name: { type: 'string' } },
    },
  },
  'registration.annotations': texts,
  'registration.labels': texts,
  'certManager.duration': pattern('^([0-9]+(h|m|s))+$'),
  'certificates.source': choice('self-managed', 'files'),
  'certManager.issuerRef': { type: 'object', required: [], properties: { name: { type: 'string' } } },
  'webhook.port': port,
  'metrics.port': port,
  replicaCount: { type: 'integer', minimum: 0 },
  // 0 would block each drain of a node.
  'podDisruptionBudget.maxUnavailable': { anyOf: [{ type: 'integer', minimum: 1 }, pattern('^([1-9][0-9]?|100)%$')] },
  drainSeconds: { type: 'integer', minimum: 0, maximum: 3_600 },
  logLevel: choice('debug', 'info', 'warn', 'error'),
  extraArgs: { type: 'array', items: { type: 'string' } },
  resources: anyObject,
  // None would need a dnsConfig.
  dnsPolicy: choice('', 'ClusterFirst', 'ClusterFirstWithHostNet', 'Default'),
  nodeSelector: texts,
  tolerations: objects,
  topologySpreadConstraints: objects,
  podAnnotations: texts,
  podLabels: texts,
  'serviceAccount.annotations': texts,
  'probe.namespace': pattern(`^${namespace}$`),
  'networkPolicy.from': objects,
  'serviceMonitor.interval': pattern('^([0-9]+(h|m|s|ms))+$'),
  'serviceMonitor.labels': texts,
  'prometheusRule.labels': texts,
  'grafana.labels': texts,
  'flowSchema.priorityLevel': { type: 'string', minLength: 1 },
  extraObjects: { type: 'array', items: { type: ['object', 'string'] } },
}

/** The port of the kubelet on each node. */
const KUBELET_PORT = 10_250

const otherPort = { properties: { port: { not: { const: KUBELET_PORT } } } }

/** What a combination of values may not be. */
const RULES = [
  {
    if: { required: ['hostNetwork'], properties: { hostNetwork: { const: true } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { webhook: otherPort, metrics: otherPort } },
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

import path from 'node:path'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { alertRules } from './alerts.ts'
import { writePrometheus } from './images.ts'
import type { Node } from './node.ts'
import { prometheusRoot } from './root.ts'

const metadata = { name: 'prometheus', namespace: 'monitoring' }
const RBAC = 'rbac.authorization.k8s.io'

/** Scrapes refgrant by its Service, and the API server. */
const CONFIG = {
  global: { scrape_interval: '1s', evaluation_interval: '1s' },
  rule_files: ['/config/rules.yaml'],
  scrape_configs: [
    {
      job_name: 'refgrant',
      kubernetes_sd_configs: [{ role: 'endpointslice', namespaces: { names: ['refgrant-system'] } }],
      relabel_configs: [
        {
          source_labels: ['__meta_kubernetes_service_label_app_kubernetes_io_component'],
          ...{ action: 'keep', regex: 'metrics' },
        },
        // As the Prometheus operator does.
        { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
      ],
    },
    {
      job_name: 'apiserver',
      scheme: 'https',
      tls_config: { ca_file: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt' },
      authorization: { credentials_file: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
      kubernetes_sd_configs: [{ role: 'endpointslice', namespaces: { names: ['default'] } }],
    },
  ],
}

/** What Prometheus may: find what it scrapes, and scrape the API server. */
const RULES = [
  {
    apiGroups: ['', 'discovery.k8s.io'],
    resources: ['endpointslices', 'services', 'pods'],
    verbs: ['get', 'list', 'watch'],
  },
  { nonResourceURLs: ['/metrics'], verbs: ['get'] },
]

const SPEC = {
  serviceAccountName: metadata.name,
  containers: [
    {
      ...{ name: 'prometheus', image: '127.0.0.1:5000/prometheus:any' },
      args: ['--config.file=/config/prometheus.yaml', '--storage.tsdb.path=/data'],
      volumeMounts: [
        { name: 'config', mountPath: '/config' },
        { name: 'data', mountPath: '/data' },
      ],
      readinessProbe: { httpGet: { path: '/-/ready', port: 9090 }, periodSeconds: 1 },
    },
  ],
  securityContext: { fsGroup: 65_535 },
  volumes: [
    { name: 'config', configMap: { name: metadata.name } },
    { name: 'data', emptyDir: {} },
  ],
}

const OBJECTS: readonly ApiObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: metadata.namespace } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: metadata.name }, rules: RULES },
  {
    ...{ apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: { name: metadata.name } },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', ...metadata }],
  },
]

/** A Prometheus on the node, with the alert rules of the documentation. */
export class Prometheus {
  readonly #node: Node

  private constructor(node: Node) {
    this.#node = node
  }

  /** Starts it, and waits until it answers. */
  static async start(node: Node): Promise<Prometheus> {
    const layout = path.join(node.folder, 'images/prometheus')
    writePrometheus(await prometheusRoot(), layout)
    const data = { 'prometheus.yaml': JSON.stringify(CONFIG), 'rules.yaml': alertRules() }
    await node.api.apply(...OBJECTS)
    await node.api.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
    await node.api.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec: SPEC })
    await node.kubectl('wait', '--for=condition=Ready', '--timeout=180s', '--namespace=monitoring', 'pod/prometheus')
    return new Prometheus(node)
  }

  /** Asks its API: https://prometheus.io/docs/prometheus/2.53/querying/api/ */
  async get(path: string) {
    const proxy = '/api/v1/namespaces/monitoring/pods/prometheus:9090/proxy'
    return (await this.#node.api.must('GET', `${proxy}/api/v1/${path}`)).data
  }

  /** The values that an expression has now. */
  async query(expression: string): Promise<number[]> {
    const { result } = await this.get(`query?query=${encodeURIComponent(expression)}`)
    return result.map(({ value }: { value: [number, string] }) => Number(value[1]))
  }
}

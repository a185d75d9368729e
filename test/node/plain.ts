import { readFileSync } from 'node:fs'
import path from 'node:path'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { refgrant } from '../harness/program/cli.ts'
import { until } from '../harness/until.ts'
import type { Node } from './node.ts'

const NAME = 'refgrant'
const NAMESPACE = 'refgrant-system'
const LABELS = { 'app.kubernetes.io/name': NAME }
const metadata = { name: NAME, namespace: NAMESPACE, labels: LABELS }

export const REGISTRY = '127.0.0.1:5000'

/** Installs refgrant, and waits until it judges. */
export async function install(node: Node): Promise<void> {
  await node.api.apply(...(await installation()))
  await rolledOut(node)
}

/** A pod, as much of it as tests read. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string }
  readonly status: { readonly containerStatuses?: readonly Container[] }
}

interface Container {
  readonly containerID?: string
  readonly ready: boolean
  readonly restartCount: number
  readonly state: { readonly waiting?: { readonly reason: string } }
  readonly lastState: { readonly terminated?: { readonly reason: string } }
}

/** Refgrant's pods. */
export async function pods({ api }: Node): Promise<Pod[]> {
  return (await api.must('GET', `/api/v1/namespaces/${NAMESPACE}/pods`)).items
}

/** Waits until all pods are ready, of the Deployment as it is now, and no others are left. */
export async function rolledOut(node: Node): Promise<void> {
  await node.kubectl('rollout', 'status', `deployment/${NAME}`, `--namespace=${NAMESPACE}`)
  await until('two pods are ready, and no others are left', async () => {
    const all = await pods(node)
    return all.length === 2 && all.every(({ status }) => status.containerStatuses?.[0]?.ready)
  })
}

/** The objects of an installation, the registration last. */
async function installation(image = `${REGISTRY}/refgrant:1`): Promise<ApiObject[]> {
  const certs = folderWith({})
  const { code, stderr } = await refgrant(['certs', '--out', certs, '--host', `${NAME}.${NAMESPACE}.svc`])
  if (code !== 0) throw new Error(`refgrant certs: ${stderr}`)
  const pem = (file: string) => readFileSync(path.join(certs, file), 'utf8')
  return [
    ...(await printed('manifests', 'rbac')),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...metadata, name: 'refgrant-tls' },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': pem('tls.crt'), 'tls.key': pem('tls.key') },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: LABELS, ports: [{ name: 'https', port: 443, targetPort: 'https' }] },
    },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deployment(image) },
    ...(await printed('manifests', 'webhook', '--failure-policy', 'Fail', '--ca', path.join(certs, 'ca.crt'))),
  ]
}

function deployment(image: string): object {
  const probe = (path: string) => ({ httpGet: { path, port: 'health' }, periodSeconds: 1 })
  return {
    replicas: 2,
    selector: { matchLabels: LABELS },
    strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: {
      metadata: { labels: LABELS },
      spec: {
        serviceAccountName: NAME,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            ...{ name: NAME, image, args: ['serve', '--cert', '/certs/tls.crt', '--key', '/certs/tls.key'] },
            ports: [
              { name: 'https', containerPort: 8443 },
              { name: 'health', containerPort: 8080 },
            ],
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            resources: { limits: { memory: '256Mi' } },
            startupProbe: { ...probe('/livez'), failureThreshold: 60 },
            readinessProbe: probe('/readyz'),
            volumeMounts: [{ name: 'certs', mountPath: '/certs', readOnly: true }],
          },
        ],
        volumes: [{ name: 'certs', secret: { secretName: 'refgrant-tls' } }],
      },
    },
  }
}

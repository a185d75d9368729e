import { existsSync, readFileSync } from 'node:fs'
import https from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { quote } from '../wording/quote.ts'
import type { PluginCluster } from './credential-plugin.ts'
import { credentialsOf } from './credentials.ts'
import { type Impersonation, impersonationHeaders, impersonationOf } from './impersonation.ts'
import { type Chosen, type ClusterEntry, chosenIn, contextsIn, defaultKubeconfigs, noKubeconfig } from './kubeconfig.ts'
import { proxyFor } from './proxy.ts'
import { tlsMaterial } from './tls-material.ts'
import { TunnelAgent } from './tunnel.ts'

/**
 * Idle time after which the operating system probes a connection, in ms, so that it detects a dead peer. The agent and
 * each request set it: two times would take two system calls for each request.
 */
export const KEEP_ALIVE_PROBE = 15_000

/** How to reach one API server: its address, and current credentials for each request. */
export interface Connection {
  /** The address of the API server, without a trailing slash. */
  readonly server: string
  /** The namespace that the context of the kubeconfig or the Pod names. */
  readonly namespace?: string | undefined
  /** The limit for `requestOptions`, in ms. */
  readonly credentialsWithin: number
  /**
   * Returns the TLS material and headers for one request. Tokens rotate, so call it for each request.
   *
   * @param own whether the request opens a new connection, which closes after it, instead of a connection from the pool
   */
  requestOptions(signal: AbortSignal, own?: boolean): Promise<https.RequestOptions>
  /** Called when the API server does not accept the credentials. */
  refused?(): void
}

/**
 * Where the credentials come from. Without a kubeconfig, they are those of the user's default kubeconfig or, if there is
 * none, of the service account of the Pod.
 */
export interface ConnectionChoice extends Impersonation {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
}

/** Whether the credentials are those of the service account of this Pod. As in kubectl, a kubeconfig comes first. */
export function isInPod({ kubeconfig, context }: ConnectionChoice): boolean {
  if (kubeconfig !== undefined || context !== undefined || !process.env.KUBERNETES_SERVICE_HOST) return false
  return defaultKubeconfigs().length === 0
}

/** Returns the namespace of this Pod; undefined outside of a Pod. */
export function podNamespace(): string | undefined {
  const file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/**
 * Prepares the connection to a cluster, with the identity that kubectl would have. It sends nothing.
 *
 * @throws Error if the kubeconfig cannot be read, or has something that kubectl or refgrant does not accept
 */
export function connectionFrom(choice: ConnectionChoice): Connection {
  const { cluster, user, userName, namespace } = isInPod(choice)
    ? ofPod()
    : chosenIn(filesOf(choice.kubeconfig), choice.context)
  const server = serverOf(cluster)
  const impersonation = impersonationHeaders(impersonationOf(user, choice))
  const proxy = proxyFor(server, cluster['proxy-url'])
  const credentials = credentialsOf(user, userName, () => forPlugin(cluster))
  const material = tlsMaterial(cluster, user, userName)
  const agentWith = (options: https.AgentOptions) =>
    proxy ? new TunnelAgent(proxy, options) : new https.Agent(options)
  // One agent suits all credentials: it keeps connections with different client certificates apart.
  const agent = agentWith({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_PROBE })
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace,
    credentialsWithin: credentials.within,
    async requestOptions(signal, own = false) {
      const { authorization, ...certificate } = await credentials.current(signal)
      if (authorization !== undefined && UNSENDABLE.test(authorization))
        throw new Error('the token of the user has a character that cannot be sent, such as a line end: write it again')
      const headers = { ...(authorization !== undefined && { authorization }), ...impersonation }
      return { ...(await material()), ...certificate, headers, agent: own ? agentWith({}) : agent }
    },
    refused: () => credentials.refused?.(),
  }
}

/** What a header cannot have: anything but a tab and characters of Latin-1 that are shown. Node would quote the header. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/

/** Returns the address of a cluster, which must have TLS: without it, anyone on the way could read the credentials. */
function serverOf({ server }: ClusterEntry): URL {
  const url = URL.parse(server)
  if (/^[^/]*\/\/[^/]*@/.test(server))
    throw new Error('its server has a user name or a password: write them as username and password of the user')
  if (url?.protocol !== 'https:') throw new Error(`its server ${quote(server)} is not an https:// address`)
  return url
}

/**
 * Returns the names of the contexts of a kubeconfig.
 *
 * @throws Error if it cannot be read
 */
export function contextNames({ kubeconfig }: Pick<ConnectionChoice, 'kubeconfig'>): string[] {
  return contextsIn(filesOf(kubeconfig))
}

function filesOf(kubeconfig: string | undefined): string[] {
  const files = kubeconfig === undefined ? defaultKubeconfigs() : [kubeconfig]
  if (files.length === 0) throw new Error(noKubeconfig())
  return files
}

function ofPod(): Chosen {
  const config = new KubeConfig()
  config.loadFromCluster()
  const { server = '', caFile = '' } = config.getCurrentCluster() ?? {}
  const tokenFile = String(config.getCurrentUser()?.authProvider?.config?.tokenFile)
  const cluster = { server, 'certificate-authority': caFile }
  return { cluster, user: { tokenFile }, userName: 'of the Pod', namespace: podNamespace() }
}

/** Returns what a credential plugin is told of a cluster. Source: k8s.io/client-go/rest, exec.go (ConfigToExecCluster). */
function forPlugin(cluster: ClusterEntry): PluginCluster {
  const { extensions = [], 'certificate-authority': file, ...rest } = cluster
  const own = extensions.find((one) => one?.name === 'client.authentication.k8s.io/exec')
  return {
    ...rest,
    ...(file !== undefined && { 'certificate-authority-data': readFileSync(file).toString('base64') }),
    config: own?.extension ?? null,
  }
}

import { existsSync, readFileSync } from 'node:fs'
import https from 'node:https'
import { homedir } from 'node:os'
import path from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'

/** How to reach one API server: its address and, for each request, current credentials. */
export interface Connection {
  /** The API server's address, without a slash at its end. */
  readonly server: string
  /** TLS material and headers for one request. Tokens rotate, so they are asked for each time. */
  requestOptions(): Promise<https.RequestOptions>
}

/** Where the credentials come from; without a kubeconfig, the pod's own account, or else the user's default kubeconfig. */
export interface ConnectionChoice {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
}

/**
 * Prepares the connection to a cluster; nothing is sent yet.
 *
 * @throws Error if the kubeconfig cannot be read, has no such context, or names no server
 */
export function connectionFrom({ kubeconfig, context }: ConnectionChoice): Connection {
  const config = new KubeConfig()
  if (kubeconfig === undefined && context === undefined && process.env.KUBERNETES_SERVICE_HOST) {
    config.loadFromCluster()
  } else {
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
    adoptTokenFiles(config, kubeconfig === undefined ? defaultKubeconfigs() : [kubeconfig])
  }
  if (context !== undefined) {
    if (!config.getContextObject(context)) throw new Error(`there is no context "${context}" in the kubeconfig`)
    config.setCurrentContext(context)
  }
  const cluster = config.getCurrentCluster()
  if (!cluster?.server)
    throw new Error('the kubeconfig has no current context with a server: choose one with --context')
  const agents = new AgentByCredentials()
  return {
    server: cluster.server.replace(/\/+$/, ''),
    async requestOptions() {
      const options: https.RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      // The client library keeps one agent for good, with the first certificates it saw; only its proxies are wanted.
      if (!cluster.proxyUrl) options.agent = agents.for(options)
      return options
    },
  }
}

/**
 * Makes the library follow the `tokenFile` of kubeconfig users, which it does not know, as it follows a pod's token.
 * Source: k8s.io/client-go/tools/clientcmd/api/v1, AuthInfo.
 */
function adoptTokenFiles(config: KubeConfig, files: readonly string[]): void {
  for (const file of files) {
    const content = parse(readFileSync(file, 'utf8')) as {
      users?: { name: string; user?: { tokenFile?: string } }[]
    } | null
    for (const { name, user } of content?.users ?? []) {
      if (!user?.tokenFile) continue
      const tokenFile = path.resolve(path.dirname(file), user.tokenFile)
      const authProvider = { name: 'tokenFile', config: { tokenFile } }
      config.users = config.users.map((known) => (known.name === name ? { ...known, authProvider } : known))
    }
  }
}

function defaultKubeconfigs(): string[] {
  const files = process.env.KUBECONFIG?.split(path.delimiter) ?? [path.join(homedir(), '.kube', 'config')]
  return files.filter((file) => file !== '' && existsSync(file))
}

/** One pool of kept-alive connections, opened anew when certificates change. */
class AgentByCredentials {
  #agent: https.Agent | undefined
  #credentials = ''

  for({ ca, cert, key }: https.RequestOptions): https.Agent {
    const credentials = [ca, cert, key].map(String).join()
    if (!this.#agent || credentials !== this.#credentials) {
      this.#agent?.destroy()
      this.#credentials = credentials
      this.#agent = new https.Agent({ keepAlive: true })
    }
    return this.#agent
  }
}

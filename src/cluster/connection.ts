import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { OutgoingHttpHeaders } from 'node:http'
import https from 'node:https'
import { homedir } from 'node:os'
import path from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { reasonOf } from '../system/reason.ts'
import { bare } from '../wording/quote.ts'

/** How to reach one API server: its address and, for each request, current credentials. */
export interface Connection {
  /** The API server's address, without a slash at its end. */
  readonly server: string
  /**
   * TLS material and headers for one request. Tokens rotate, so they are asked for each time.
   *
   * @param own whether the request gets a new connection, which nothing uses after it, and not one that is kept open
   */
  requestOptions(own?: boolean): Promise<https.RequestOptions>
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
    const files = kubeconfig === undefined ? defaultKubeconfigs() : [kubeconfig]
    const [first, ...others] = files
    if (first === undefined) throw new Error('there is none: name one with --kubeconfig, or by KUBECONFIG')
    load(config, first)
    for (const file of others) merge(config, file)
    adoptTokenFiles(config, files)
  }
  if (context !== undefined) {
    if (!config.getContextObject(context)) throw new Error(`there is no context "${context}" in the kubeconfig`)
    config.setCurrentContext(context)
  }
  const cluster = config.getCurrentCluster()
  if (!cluster?.server)
    throw new Error('the kubeconfig has no current context with a server: choose one with --context')
  const tokenFile: string | undefined = config.getCurrentUser()?.authProvider?.config?.tokenFile
  // One for all credentials: it keeps connections apart by the certificates that they were opened with.
  const agent = new https.Agent({ keepAlive: true })
  return {
    server: cluster.server.replace(/\/+$/, ''),
    async requestOptions(own = false) {
      const options: https.RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      if (tokenFile !== undefined) await authorize(options, tokenFile)
      // The client library keeps one agent for the life of the process, with the first certificates it saw; only its
      // proxies are wanted. They open a connection for each request.
      if (!cluster.proxyUrl) options.agent = own ? false : agent
      return options
    },
  }
}

function load(config: KubeConfig, file: string): void {
  try {
    config.loadFromFile(file)
  } catch (error) {
    // What the YAML parser says of an empty file is about documents.
    const reason = reasonOf(error).replace(/^.*\bthe input is empty[\s\S]*$/, 'is empty')
    throw new Error(`${bare(file)}: ${reason}`, { cause: error })
  }
}

/** Adds what another file has; of one name, what was there first stays, as with kubectl. */
function merge(config: KubeConfig, file: string): void {
  const other = new KubeConfig()
  load(other, file)
  const isNew = (there: readonly { name: string }[]) => (one: { name: string }) =>
    !there.some(({ name }) => name === one.name)
  other.clusters = other.clusters.filter(isNew(config.clusters))
  other.users = other.users.filter(isNew(config.users))
  other.contexts = other.contexts.filter(isNew(config.contexts))
  config.mergeConfig(other, Boolean(config.currentContext))
}

/**
 * Makes the library follow the `tokenFile` of kubeconfig users, which it does not know. It wins over a `token` beside it.
 * Source: k8s.io/client-go/tools/clientcmd/api/v1, AuthInfo.
 */
function adoptTokenFiles(config: KubeConfig, files: readonly string[]): void {
  for (const file of files) {
    const content = parse(readFileSync(file, 'utf8')) as {
      users?: { name: string; user?: { tokenFile?: string } }[]
    } | null
    for (const { name, user } of content?.users ?? []) {
      const known = config.users.find((one) => one.name === name)
      if (!user?.tokenFile || !known || known.authProvider) continue
      const tokenFile = path.resolve(path.dirname(file), user.tokenFile)
      const { token: _, ...rest } = known
      const authProvider = { name: 'tokenFile', config: { tokenFile } }
      config.users = config.users.map((one) => (one === known ? { ...rest, authProvider } : one))
    }
  }
}

/**
 * Takes the token that is in the file now. The library takes the one of up to a minute ago, by a clock that may be set
 * back: a token that has been revoked meanwhile would be refused all that time.
 */
async function authorize(options: https.RequestOptions, tokenFile: string): Promise<void> {
  // The file may end with a newline, which no header may hold.
  const token = (await readFile(tokenFile, 'utf8')).trim()
  options.headers = { ...(options.headers as OutgoingHttpHeaders), Authorization: `Bearer ${token}` }
}

/** The files of KUBECONFIG that are there, or else the one in the home folder (kubectl's own rules). */
function defaultKubeconfigs(): string[] {
  const named = (process.env.KUBECONFIG ?? '').split(path.delimiter).filter((file) => file !== '')
  const files = named.length > 0 ? named : [path.join(homedir(), '.kube', 'config')]
  return files.filter((file) => existsSync(file))
}

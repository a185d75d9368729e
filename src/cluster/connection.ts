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
import { type Impersonation, impersonationHeaders, impersonationOf, type KubeconfigUser } from './impersonation.ts'

/** How to reach one API server: its address, and current credentials for each request. */
export interface Connection {
  /** The address of the API server, without a trailing slash. */
  readonly server: string
  /** The namespace that the context of the kubeconfig or the Pod names. */
  readonly namespace?: string | undefined
  /**
   * Returns the TLS material and headers for one request. Tokens rotate, so call it for each request.
   *
   * @param own whether the request opens a new connection, which closes after it, instead of a connection from the pool
   */
  requestOptions(own?: boolean): Promise<https.RequestOptions>
}

/**
 * Where the credentials come from. Without a kubeconfig, they are those of the Pod's service account or, outside a
 * cluster, of the user's default kubeconfig.
 */
export interface ConnectionChoice extends Pick<Impersonation, 'as' | 'asGroup' | 'asUid'> {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
}

/** Whether the credentials are those of the service account of this Pod. */
export function isInPod({ kubeconfig, context }: ConnectionChoice): boolean {
  return kubeconfig === undefined && context === undefined && Boolean(process.env.KUBERNETES_SERVICE_HOST)
}

/** Returns the namespace of this Pod; undefined outside of a Pod. */
export function podNamespace(): string | undefined {
  const file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/**
 * Prepares the connection to a cluster. It sends nothing.
 *
 * @throws Error if the kubeconfig cannot be read, does not have the context, or does not name a server; if an impersonation
 *   has no user
 */
export function connectionFrom(choice: ConnectionChoice): Connection {
  const { kubeconfig, context } = choice
  const { config, files } = isInPod({ kubeconfig, context }) ? ofPod() : ofFiles(kubeconfig)
  if (context !== undefined) {
    if (!config.getContextObject(context)) throw new Error(`the kubeconfig has no context "${context}"`)
    config.setCurrentContext(context)
  }
  const cluster = config.getCurrentCluster()
  if (!cluster?.server)
    throw new Error('the kubeconfig has no current context with a server: choose one with --context')
  const impersonation = impersonationHeaders(impersonationOf(userIn(files, config.getCurrentUser()?.name), choice))
  const tokenFile: string | undefined = config.getCurrentUser()?.authProvider?.config?.tokenFile
  // One agent suits all credentials: it keeps connections with different client certificates apart.
  const agent = new https.Agent({ keepAlive: true })
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: isInPod({ kubeconfig, context })
      ? podNamespace()
      : config.getContextObject(config.getCurrentContext())?.namespace,
    async requestOptions(own = false) {
      const options: https.RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      if (tokenFile !== undefined) await authorize(options, tokenFile)
      options.headers = { ...(options.headers as OutgoingHttpHeaders), ...impersonation }
      // The client library keeps one agent, with the first certificates, for the life of the process. Only its proxy
      // agents are used here: they open a connection for each request.
      if (!cluster.proxyUrl) options.agent = own ? false : agent
      return options
    },
  }
}

/**
 * Returns the names of the contexts of a kubeconfig.
 *
 * @throws Error if it cannot be read
 */
export function contextNames({ kubeconfig }: Pick<ConnectionChoice, 'kubeconfig'>): string[] {
  return ofFiles(kubeconfig)
    .config.getContexts()
    .map(({ name }) => name)
}

/** What credentials come from, and the files that it was read from. */
interface Source {
  readonly config: KubeConfig
  readonly files: readonly string[]
}

function ofPod(): Source {
  const config = new KubeConfig()
  config.loadFromCluster()
  return { config, files: [] }
}

function ofFiles(kubeconfig: string | undefined): Source {
  const config = new KubeConfig()
  const files = kubeconfig === undefined ? defaultKubeconfigs() : [kubeconfig]
  const [first, ...others] = files
  if (first === undefined) throw new Error(noKubeconfig())
  readInto(config, first)
  for (const file of others) merge(config, file)
  adoptTokenFiles(config, files)
  return { config, files }
}

function readInto(config: KubeConfig, file: string): void {
  try {
    config.loadFromFile(file)
  } catch (error) {
    // What the YAML parser says of an empty file is about documents.
    const reason = reasonOf(error).replace(/^.*\bthe input is empty[\s\S]*$/, 'is empty')
    throw new Error(`${bare(file)}: ${reason}`, { cause: error })
  }
}

/** Returns the fields of a user as the kubeconfig has them, since the client library drops some; the first file with the name wins. */
function userIn(files: readonly string[], name: string | undefined): KubeconfigUser {
  for (const file of files) {
    const { users } = (parse(readFileSync(file, 'utf8')) ?? {}) as { users?: { name: string; user?: KubeconfigUser }[] }
    const found = users?.find((one) => one.name === name)
    if (found) return found.user ?? {}
  }
  return {}
}

/** Adds the entries of another kubeconfig file. As in kubectl, the first entry of a name wins. */
function merge(config: KubeConfig, file: string): void {
  const other = new KubeConfig()
  readInto(other, file)
  const isNew = (there: readonly { name: string }[]) => (one: { name: string }) =>
    !there.some(({ name }) => name === one.name)
  other.clusters = other.clusters.filter(isNew(config.clusters))
  other.users = other.users.filter(isNew(config.users))
  other.contexts = other.contexts.filter(isNew(config.contexts))
  config.mergeConfig(other, Boolean(config.currentContext))
}

/**
 * Adds support for `tokenFile` of kubeconfig users, which the client library ignores. It takes precedence over `token`.
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
 * Sets the token that the file holds now. The client library caches a token for a minute of wall clock time, so a token
 * that has been revoked would fail for at least that long.
 */
async function authorize(options: https.RequestOptions, tokenFile: string): Promise<void> {
  // The file may end with a newline, which is not valid in a header.
  const token = (await readFile(tokenFile, 'utf8')).trim()
  options.headers = { ...(options.headers as OutgoingHttpHeaders), Authorization: `Bearer ${token}` }
}

/** Returns the existing files of KUBECONFIG, or else the kubeconfig of the home folder, as kubectl does. */
function defaultKubeconfigs(): string[] {
  const named = namedKubeconfigs()
  const files = named.length > 0 ? named : [path.join(homedir(), '.kube', 'config')]
  return files.filter((file) => existsSync(file))
}

/** Returns the files that KUBECONFIG names, whether or not they exist. */
function namedKubeconfigs(): string[] {
  return (process.env.KUBECONFIG ?? '').split(path.delimiter).filter((file) => file !== '')
}

function noKubeconfig(): string {
  const named = namedKubeconfigs().map(bare)
  return named.length > 0
    ? `KUBECONFIG names ${named.join(', ')}, and no such file exists: correct it, or use --kubeconfig`
    : 'no kubeconfig was found: name one with --kubeconfig or KUBECONFIG'
}

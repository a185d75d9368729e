import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { stringify } from 'yaml'
import { ApiClient } from './api-client.ts'
import { binaries, type Release } from './binaries.ts'
import '../program/tether.ts'

export interface ControlPlaneOptions {
  /** A new folder for data, certificates and logs; it is left behind. */
  readonly folder: string
  readonly apiServerFlags?: readonly string[]
  /** The release of Kubernetes; the usual one by default. */
  readonly kubernetes?: Release
  /** Ends the start, or what has started. */
  readonly signal?: AbortSignal
}

type Program = 'etcd' | 'kube-apiserver'

/** A running etcd and kube-apiserver. */
export interface ControlPlane {
  readonly folder: string
  readonly server: string
  /** Where etcd takes requests. */
  readonly etcd: string
  /** PEM of what the API server's certificate is verified with. */
  readonly ca: string
  readonly kubectl: string
  /** Path of a kubeconfig of a member of system:masters. */
  readonly kubeconfig: string
  readonly api: ApiClient
  /** Writes a kubeconfig whose token is in a file beside it, and returns its path. */
  kubeconfigFor(name: string, token: string, server?: string, ca?: string): Promise<string>
  restartApiServer(): Promise<void>
  /** Ends a program with SIGKILL. */
  kill(program: Program): Promise<void>
  /** Starts it again where it was; resolves when the API server is ready, or etcd is begun. */
  start(program: Program): Promise<void>
  /** Resolves when both processes are gone. */
  stop(): Promise<void>
}

/**
 * Starts a control plane that ends when this process ends, however it does.
 *
 * @throws Error if a binary cannot be had or a process does not start; nothing is left running then
 */
export async function startControlPlane({
  folder,
  apiServerFlags = [],
  kubernetes,
  signal,
}: ControlPlaneOptions): Promise<ControlPlane> {
  const built = await binaries(signal, kubernetes)
  const token = await prepare(folder)
  const keeper = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'keeper.ts'), built.folder, folder, ...apiServerFlags],
    { detached: true, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const ended = once(keeper, 'exit')
  keeper.stdin.on('error', () => {})
  const lines = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]()
  const stop = async () => {
    keeper.stdin.end()
    await ended
  }
  const order = async (line: string) => {
    keeper.stdin.write(`${line}\n`)
    if ((await lines.next()).done) throw new Error(`${line}: failed; the logs are in ${folder}`)
  }
  signal?.addEventListener('abort', stop)
  const { value, done } = await lines.next()
  if (done) {
    await ended
    signal?.throwIfAborted()
    throw new Error(`the control plane did not start; its logs are in ${folder}`)
  }

  const { port, etcd } = JSON.parse(value) as { port: number; etcd: string }
  const server = `https://127.0.0.1:${port}`
  const ca = await readFile(path.join(folder, 'apiserver.crt'), 'utf8')
  const kubeconfigFor = (name: string, itsToken: string, itsServer = server, itsCa = ca) =>
    writeKubeconfig(folder, { name, token: itsToken, server: itsServer, ca: itsCa })
  return {
    folder,
    server,
    etcd,
    ca,
    kubectl: built.path('kubectl'),
    kubeconfig: await kubeconfigFor('admin', token),
    api: new ApiClient(server, ca, token),
    kubeconfigFor,
    restartApiServer: () => order('restart'),
    kill: (program) => order(`kill ${program}`),
    start: (program) => order(`start ${program}`),
    stop,
  }
}

/** Writes what the API server reads at its start, and returns the token of an administrator. */
async function prepare(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const token = randomBytes(16).toString('hex')
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const files = {
    'tokens.csv': `${token},admin,admin,system:masters\n`,
    'service-account.pub': publicKey.export({ type: 'spki', format: 'pem' }) as string,
    'service-account.key': privateKey.export({ type: 'sec1', format: 'pem' }) as string,
    'audit-policy.yaml': stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] }),
  }
  for (const [name, content] of Object.entries(files))
    await writeFile(path.join(folder, name), content, { mode: 0o600 })
  return token
}

/** Writes a kubeconfig whose token is in a file beside it, and returns its path. */
export async function writeKubeconfig(
  folder: string,
  { name, token, server, ca }: { name: string; token: string; server: string; ca: string },
): Promise<string> {
  const tokenFile = path.join(folder, `${name}.token`)
  const file = path.join(folder, `${name}.kubeconfig`)
  await writeFile(tokenFile, token, { mode: 0o600 })
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { tokenFile } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  }
  await writeFile(file, stringify(kubeconfig), { mode: 0o600 })
  return file
}

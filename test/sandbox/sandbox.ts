import { mkdir, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'
import path from 'node:path'
import { binaries, cacheFolder } from '../harness/control-plane/binaries.ts'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import type { ControlPlane } from '../harness/control-plane/control-plane.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import { Progress } from '../harness/control-plane/progress.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'

// What `make sandbox` does: a real API server on this machine, with the webhook registered, until Ctrl-C. The commands that
// it runs read the configuration that REFGRANT_CONFIG names, if there is one.

const folder = path.join(cacheFolder, 'sandbox')
const certs = path.resolve('certs')

/** A field of the preset `volume-data-sources` is dropped without it. */
const GATES = '--feature-gates=CrossNamespaceVolumeDataSource=true'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal))

/** Held for as long as this process lives, so that a second sandbox knows; undefined if another one holds it. */
async function takeLock(socket: string): Promise<Server | undefined> {
  const server = createServer((connection) => connection.end())
  const { promise, resolve, reject } = Promise.withResolvers<Server | undefined>()
  server.once('listening', () => resolve(server))
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') return reject(error)
    // A socket that nobody answers was left behind by a sandbox that was killed.
    const probe = createConnection(socket)
    probe
      .once('connect', () => resolve(undefined))
      .once('error', () => rm(socket, { force: true }).then(() => resolve(takeLock(socket)), reject))
  })
  server.listen(socket)
  return promise
}

/** Does one step, and shows for how long it has been going on. */
async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  stop.signal.throwIfAborted()
  const progress = new Progress(what)
  try {
    return await work()
  } finally {
    progress.end()
  }
}

async function sandbox(): Promise<void> {
  await binaries(stop.signal)
  const data = path.join(folder, 'data')
  await rm(data, { recursive: true, force: true })
  const cluster = await startCluster({ folder: data, apiServerFlags: [GATES], certs, signal: stop.signal, step })
  const { controlPlane } = cluster
  try {
    await cluster.namespaces('shop', 'billing')
    const refgrant = await startGuard(cluster, { onLine: show, signal: stop.signal, step })
    try {
      await markApplied(cluster, refgrant)
      invited = true
      process.stdout.write(invitation(controlPlane, refgrant))
      if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
      process.stderr.write('\nstopping\n')
    } finally {
      await refgrant.stop()
    }
  } finally {
    await controlPlane.stop()
  }
}

/** Makes of the objects here what `kubectl apply` has made, so that it changes them without a warning. */
async function markApplied({ kubectl }: Cluster, { url }: Refgrant): Promise<void> {
  const namespaces = ['shop', 'billing'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
  const manifests = await printed('manifests', '--url', new URL(url).origin, '--ca', path.join(certs, 'ca.crt'))
  const list = { apiVersion: 'v1', kind: 'List', items: [...namespaces, ...manifests] }
  const { code, stderr } = await kubectl(
    ['apply', 'set-last-applied', '--create-annotation', '-f', '-'],
    JSON.stringify(list),
  )
  if (code !== 0) throw new Error(`kubectl apply set-last-applied: ${stderr}`)
}

/** Whether there is somebody whose reviews these are. */
let invited = false

/** Shows what the log says of reviews, and all else that is not for debugging. */
function show(line: string): void {
  if (invited && (line.includes('"msg":"review"') || !line.includes('"level":"debug"')))
    process.stderr.write(`${line}\n`)
}

function invitation({ kubectl, kubeconfig, folder }: ControlPlane, { url, log }: Refgrant): string {
  const samples = path.relative(process.cwd(), import.meta.dirname)
  const [route, grant] = [path.join(samples, 'route.yaml'), path.join(samples, 'grant.yaml')]
  const config = process.env.REFGRANT_CONFIG ?? ''
  const health = `http://127.0.0.1:${log.find(({ msg }) => msg === 'serving health and metrics')?.port}`
  return `
Ready: a real API server that asks refgrant. In another terminal, in this folder:

    export KUBECONFIG=${kubeconfig} PATH=${path.dirname(kubectl)}:$PATH${config && ` REFGRANT_CONFIG=${config}`}

    refgrant() { ${process.execPath} ${path.resolve('src/cli.ts')} "$@"; }

${config && `What is said behind # is so without the configuration ${config}.\n\n`}    kubectl apply -f ${route}     # refused: no grant permits it
    refgrant grant -f ${route}    # the grant that is missing, as the refusal says
    kubectl apply -f ${grant}     # the owner of namespace billing grants it
    kubectl apply -f ${route}     # accepted
    kubectl delete -f ${grant}    # the grant is revoked; what is stored stays
    sed s/checkout/checkout-2/ ${route} | kubectl apply -f -     # refused: a new route needs a grant

To look behind it:

    curl '${health}/readyz?verbose'    # what the server knows, and where the registration differs
    curl ${health}/metrics
    refgrant manifests --diff --url ${new URL(url).origin} --ca ${path.join(certs, 'ca.crt')}    # the same, compared now
    grep refgrant.dev ${path.join(folder, 'audit.log')}    # what the API server's audit log holds of reviews

Here, refgrant logs each review, and each minute what the registration differs in, if that has changed. Ctrl-C ends everything.

`
}

await mkdir(folder, { recursive: true })
const lock = await takeLock(path.join(folder, 'lock'))
if (lock) {
  try {
    await sandbox()
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    lock.close()
  }
} else {
  process.stderr.write(
    `a sandbox is running on this machine already: KUBECONFIG=${path.join(folder, 'data', 'admin.kubeconfig')}\n`,
  )
  process.exitCode = 1
}

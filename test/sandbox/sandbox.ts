import { mkdir, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'
import path from 'node:path'
import { binaries, cacheFolder } from '../harness/control-plane/binaries.ts'
import { startControlPlane } from '../harness/control-plane/control-plane.ts'
import { gatewayApiCrds } from '../harness/control-plane/gateway-api.ts'
import { register, serverAccount } from '../harness/control-plane/guarded-cluster.ts'
import { Progress } from '../harness/control-plane/progress.ts'
import { startRefgrant } from '../harness/program/refgrant.ts'

// What `make sandbox` does: a real API server on this machine, with the webhook registered, until Ctrl-C.

const GATEWAY_API = 'v1.7.0'
const folder = path.join(cacheFolder, 'sandbox')
const certs = path.resolve('certs')

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
  const { signal } = stop
  const controlPlane = await step('starting etcd and kube-apiserver', () => startControlPlane({ folder: data, signal }))
  try {
    await step(`installing the CRDs of Gateway API ${GATEWAY_API}`, async () =>
      controlPlane.api.installCrds(await gatewayApiCrds(GATEWAY_API, 'experimental')),
    )
    const refgrant = await step('starting refgrant under its own service account', async () =>
      startRefgrant({ certs, grants: ['--kubeconfig', await serverAccount(controlPlane)], onLine: showReview }),
    )
    try {
      await step('registering the webhook', async () => {
        await register(controlPlane, refgrant, path.join(certs, 'ca.crt'))
        for (const name of ['shop', 'billing'])
          await controlPlane.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      })
      invited = true
      process.stdout.write(await invitation(controlPlane.kubectl, controlPlane.kubeconfig))
      if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
      process.stderr.write('\nstopping\n')
    } finally {
      await refgrant.stop()
    }
  } finally {
    await controlPlane.stop()
  }
}

/** Whether there is somebody whose reviews these are. */
let invited = false

function showReview(line: string): void {
  if (invited && line.includes('"msg":"review"')) process.stderr.write(`${line}\n`)
}

async function invitation(kubectl: string, kubeconfig: string): Promise<string> {
  const samples = path.relative(process.cwd(), import.meta.dirname)
  const [route, grant] = [path.join(samples, 'route.yaml'), path.join(samples, 'grant.yaml')]
  return `
Ready: a real API server that asks refgrant. In another terminal, in this folder:

    export KUBECONFIG=${kubeconfig} PATH=${path.dirname(kubectl)}:$PATH

    refgrant() { ${process.execPath} ${path.resolve('src/cli.ts')} "$@"; }

    kubectl apply -f ${route}     # refused: no grant permits it
    refgrant grant -f ${route}    # the grant that is missing, as the refusal says
    kubectl apply -f ${grant}     # the owner of namespace billing grants it
    kubectl apply -f ${route}     # accepted
    kubectl delete -f ${grant}    # the grant is revoked; what is stored stays
    sed s/checkout/checkout-2/ ${route} | kubectl apply -f -     # refused: a new route needs a grant

Each review is logged here. Ctrl-C ends everything.

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

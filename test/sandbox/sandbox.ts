import { mkdir, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'
import path from 'node:path'
import { ConfigError, readConfig } from '../../src/config/read.ts'
import { EXIT } from '../../src/system/failure.ts'
import { tell } from '../../src/terminal/print.ts'
import { binaries } from '../harness/control-plane/binaries.ts'
import { type Cluster, startCluster, startGuard } from '../harness/control-plane/cluster.ts'
import type { ControlPlane } from '../harness/control-plane/control-plane.ts'
import { cacheFolder } from '../harness/control-plane/go-programs.ts'
import { printed } from '../harness/control-plane/guarded-cluster.ts'
import { stepsUntil } from '../harness/control-plane/progress.ts'
import type { Refgrant } from '../harness/program/refgrant.ts'
import { until } from '../harness/until.ts'

// `make sandbox`: runs a real API server on this machine, with the webhook registered, until Ctrl-C. The refgrant commands
// that it starts read the configuration file that REFGRANT_CONFIG names.

const folder = path.join(cacheFolder, 'sandbox')
const certs = path.resolve('certs')

/** Without it, the API server drops the field of the preset `volume-data-sources`. */
const GATES = '--feature-gates=CrossNamespaceVolumeDataSource=true'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal))

/**
 * Takes the lock that shows a second sandbox that this one runs. The process holds it as long as it lives.
 *
 * @returns undefined if another sandbox holds the lock
 * @throws Error if the socket cannot be created
 */
async function takeLock(socket: string): Promise<Server | undefined> {
  const server = createServer((connection) => connection.end())
  const { promise, resolve, reject } = Promise.withResolvers<Server | undefined>()
  server.once('listening', () => resolve(server))
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') return reject(error)
    // A sandbox that was killed leaves its socket behind, which then does not answer.
    const probe = createConnection(socket)
    probe
      .once('connect', () => resolve(undefined))
      .once('error', () => rm(socket, { force: true }).then(() => resolve(takeLock(socket)), reject))
  })
  server.listen(socket)
  return promise
}

const step = stepsUntil(stop.signal)

async function sandbox(): Promise<void> {
  await binaries(stop.signal)
  const data = path.join(folder, 'data')
  await rm(data, { recursive: true, force: true })
  const cluster = await startCluster({ folder: data, apiServerFlags: [GATES], certs, signal: stop.signal, step })
  const { controlPlane } = cluster
  try {
    await cluster.namespaces('shop', 'billing')
    const refgrant = await startGuard(cluster, { failurePolicy: 'Ignore', onLine: show, signal: stop.signal, step })
    try {
      await markApplied(cluster, refgrant)
      await step('comparing the registration', () => compared(refgrant))
      ready = true
      process.stdout.write(instructions(controlPlane, refgrant))
      if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
      process.stderr.write('\nstopping\n')
    } finally {
      await refgrant.stop()
    }
  } finally {
    await controlPlane.stop()
  }
}

/** Waits until the server has compared the registration and found no difference: it was started before the registration. */
async function compared({ log }: Refgrant): Promise<void> {
  const isSame = ({ msg }: Record<string, unknown>) => msg === 'no drift'
  await until('the registration is as the configuration has it', () => stop.signal.aborted || log.some(isSame))
}

/** Marks the objects as applied with `kubectl apply`, so that kubectl later changes them without a warning. */
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

/** Whether the commands to try are printed, so that reviews are the user's own. */
let ready = false

/** Shows the log lines about reviews, and all others above debug, until the sandbox stops. */
function show(line: string): void {
  if (stop.signal.aborted) return
  if (ready && (line.includes('"msg":"review"') || !line.includes('"level":"debug"'))) process.stderr.write(`${line}\n`)
}

function instructions({ kubectl, kubeconfig, folder }: ControlPlane, { url, log }: Refgrant): string {
  const samples = path.relative(process.cwd(), import.meta.dirname)
  const [route, grant] = [path.join(samples, 'route.yaml'), path.join(samples, 'grant.yaml')]
  const config = process.env.REFGRANT_CONFIG ?? ''
  const health = `http://127.0.0.1:${log.find(({ msg }) => msg === 'serving health and metrics')?.port}`
  return `
Ready: a real API server that calls refgrant. In another terminal, in this folder:

    export KUBECONFIG=${kubeconfig} PATH=${path.dirname(kubectl)}:$PATH${config && ` REFGRANT_CONFIG=${config}`}

    refgrant() { ${process.execPath} ${path.resolve('src/cli.ts')} "$@"; }

${config && `The comments behind # describe refgrant without the configuration ${config}.\n\n`}    kubectl apply -f ${route}     # refused: no grant permits the reference
    refgrant grant -f ${route}    # the grant that is missing, as the refusal says
    kubectl apply -f ${grant}     # the owner of namespace billing permits it
    kubectl apply -f ${route}     # accepted
    kubectl delete -f ${grant}    # revokes the grant; the stored route stays
    sed s/checkout/checkout-2/ ${route} | kubectl apply -f -     # refused: a new route needs a grant

To see how it works:

    curl '${health}/readyz?verbose'    # the state of the server, and the differences in the registration
    curl ${health}/metrics
    refgrant manifests --diff --url ${new URL(url).origin} --ca ${path.join(certs, 'ca.crt')}    # compares the registration now
    grep refgrant.dev ${path.join(folder, 'audit.log')}    # the annotations in the audit log of the API server

This terminal shows a log line for each review, and each minute the differences in the registration, if they changed. To stop
everything, press Ctrl-C.

`
}

/** Whether the configuration that REFGRANT_CONFIG names is valid; otherwise says why not, before anything starts. */
function isConfigured(): boolean {
  try {
    readConfig(process.env.REFGRANT_CONFIG)
    return true
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    tell(error.message)
    process.exitCode = EXIT.failed
    return false
  }
}

async function locked(): Promise<void> {
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
      `a sandbox already runs on this machine: use it with KUBECONFIG=${path.join(folder, 'data', 'admin.kubeconfig')}, or stop it first\n`,
    )
    process.exitCode = 1
  }
}

if (isConfigured()) await locked()

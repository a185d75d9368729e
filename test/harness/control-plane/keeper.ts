import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../free-port.ts'

/**
 * A process that keeps one control plane, and stops it in order however its parent ends: it lives in a session of its
 * own, where no Ctrl-C reaches it, and it stops when its standard input ends, which the system sees to.
 *
 *     node keeper.ts BINARIES FOLDER [KUBE-APISERVER FLAG]...
 *
 * Prints `{"port": N, "etcd": ADDRESS}` on a line when the API server is ready. Each line on standard input is an order,
 * and each is answered by the same line when it is done:
 *
 *     restart         stops the API server in order and starts it again on the same port, until it is ready
 *     kill PROGRAM    ends etcd or kube-apiserver with SIGKILL
 *     start PROGRAM   starts it again, with the same addresses and data; the API server until it is ready
 */

/** How long a process may take to stop, in ms, before it is killed. */
const STOP = 10_000

/** How long the API server may take to become ready, in ms: it takes 4 s alone, and tests keep both cores busy. */
const READY = 180_000

/** How often readiness is asked for, in ms. */
const PROBE = 50

const [binaries = '', folder = '', ...apiServerFlags] = process.argv.slice(2)
const running = new Map<string, ChildProcess>()
let stopping = false

function start(name: string, argv: string[]): void {
  const log = openSync(path.join(folder, `${name}.log`), 'a')
  const child = spawn(path.join(binaries, name), argv, { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  running.set(name, child)
  child.on('exit', () => {
    if (running.get(name) !== child || stopping) return
    process.stderr.write(`${name} ended:\n${readFileSync(path.join(folder, `${name}.log`), 'utf8').slice(-3_000)}\n`)
    void stopAll(1)
  })
}

async function stop(name: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const child = running.get(name)
  running.delete(name)
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP)
  child.kill(signal)
  await once(child, 'exit')
  clearTimeout(timer)
}

// Signalled together, kube-apiserver waits for an etcd that is gone.
async function stopAll(code: number): Promise<void> {
  if (stopping) return
  stopping = true
  await stop('kube-apiserver')
  await stop('etcd')
  process.exit(code)
}

async function startApiServer(etcd: string, port: number): Promise<void> {
  start('kube-apiserver', [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    `--token-auth-file=${path.join(folder, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${path.join(folder, 'service-account.pub')}`,
    `--service-account-signing-key-file=${path.join(folder, 'service-account.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    `--audit-policy-file=${path.join(folder, 'audit-policy.yaml')}`,
    `--audit-log-path=${path.join(folder, 'audit.log')}`,
    ...apiServerFlags,
  ])
  await ready(port)
}

function startEtcd(client: string, peer: string): void {
  start('etcd', [
    `--data-dir=${path.join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ])
}

async function ready(port: number): Promise<void> {
  const deadline = Date.now() + READY
  // Only this process has the certificate yet; whether the server is ours is not in question on a port of its own.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  process.removeAllListeners('warning')
  while (!stopping) {
    const answer = await fetch(`https://127.0.0.1:${port}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    if (Date.now() > deadline) throw new Error(`kube-apiserver was not ready in ${READY} ms; see ${folder}`)
    await wait(PROBE)
  }
}

process.on('SIGTERM', () => void stopAll(0))
process.on('SIGINT', () => void stopAll(0))
const orders = createInterface({ input: process.stdin })
orders.on('close', () => void stopAll(0))

try {
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()]
  const etcd = `http://127.0.0.1:${client}`
  const programs: Record<string, () => Promise<void> | void> = {
    etcd: () => startEtcd(etcd, `http://127.0.0.1:${peer}`),
    'kube-apiserver': () => startApiServer(etcd, port),
  }
  const done = () => process.stdout.write(`${JSON.stringify({ port, etcd })}\n`)
  for (const launch of Object.values(programs)) await launch()
  done()
  for await (const line of orders) {
    const [order, program = 'kube-apiserver'] = line.split(' ')
    if (order !== 'start') await stop(program, order === 'kill' ? 'SIGKILL' : 'SIGTERM')
    if (order !== 'kill' && !stopping) await programs[program]?.()
    done()
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  await stopAll(1)
}

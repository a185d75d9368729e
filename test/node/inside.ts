import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { type ControlPlane, startControlPlane } from '../harness/control-plane/control-plane.ts'
import { until } from '../harness/until.ts'
import { forward } from './forward.ts'
import { nodePrograms } from './programs.ts'
import { serveImages } from './registry.ts'

/**
 * A node, from within its namespaces (enter.sh). It says so when it is ready for pods, and it
 * ends when its standard input ends.
 *
 *     node inside.ts FOLDER
 */

/** The address of the node: enter.sh. */
const ADDRESS = '172.30.0.1'
const REGISTRY_PORT = 5000
const CONFIG = path.join(import.meta.dirname, 'etc')

const [folder = ''] = process.argv.slice(2)
const logs = path.join(folder, 'logs')

/** Starts a program that the node cannot do without. */
function start(name: string, program: string, argv: readonly string[]): ChildProcess {
  const file = path.join(logs, `${name}.log`)
  const log = openSync(file, 'a')
  const child = spawn(program, argv, { stdio: ['ignore', log, log] })
  closeSync(log)
  child.on('exit', () => {
    process.stderr.write(`${name} of the node ended:\n${readFileSync(file, 'utf8').slice(-3_000)}\n`)
    process.exit(1)
  })
  return child
}

/** Starts what makes pods of the objects in the API server, as an administrator all: what they may is not in question. */
async function startNode({ kubeconfig, folder: keys }: ControlPlane): Promise<void> {
  const programs = await nodePrograms()
  symlinkSync(kubeconfig, '/run/kubeconfig')
  symlinkSync(CONFIG, '/run/etc')
  const as = `--kubeconfig=${kubeconfig}`
  const alone = [as, '--leader-elect=false', '--bind-address=127.0.0.1']
  start('containerd', 'containerd', ['--config', path.join(CONFIG, 'containerd.toml')])
  start('kube-controller-manager', programs.path('kube-controller-manager'), [
    ...alone,
    `--service-account-private-key-file=${path.join(keys, 'service-account.key')}`,
    `--root-ca-file=${path.join(keys, 'apiserver.crt')}`,
  ])
  start('kube-scheduler', programs.path('kube-scheduler'), alone)
  start('kube-proxy', programs.path('kube-proxy'), [`--config=${path.join(CONFIG, 'kube-proxy.yaml')}`])
  await until('containerd listens', () =>
    readFileSync(path.join(logs, 'containerd.log'), 'utf8').includes('serving...'),
  )
  const config = `--config=${path.join(CONFIG, 'kubelet.yaml')}`
  start('kubelet', programs.path('kubelet'), [as, config, '--hostname-override=node', `--node-ip=${ADDRESS}`])
}

/** Waits until the node takes pods. */
async function ready({ api }: ControlPlane): Promise<void> {
  await until('the node is ready', async () => {
    const { body } = await api.request('GET', '/api/v1/nodes/node')
    const conditions: { type: string; status: string }[] = body.status?.conditions ?? []
    const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    return isReady && !body.spec.taints
  })
  const account = '/api/v1/namespaces/default/serviceaccounts/default'
  await until('there is a default service account', async () => (await api.request('GET', account)).status === 200)
}

// With this process, enter.sh ends, and everything else.
process.stdin.on('close', () => process.exit()).resume()
mkdirSync(logs, { recursive: true })
await serveImages(path.join(folder, 'images'), REGISTRY_PORT)
const controlPlane = await startControlPlane({
  folder: path.join(folder, 'control-plane'),
  apiServerFlags: [
    `--advertise-address=${ADDRESS}`,
    '--allow-privileged',
    '--kubelet-preferred-address-types=InternalIP',
  ],
})
const port = Number(new URL(controlPlane.server).port)
const server = { host: '127.0.0.1', port }
// Pods reach the API server by the node's address, and the tests through a socket in the folder.
await forward({ host: ADDRESS, port }, server)
await forward({ path: path.join(folder, 'api.sock') }, server)
await startNode(controlPlane)
await ready(controlPlane)
process.stdout.write('ready\n')

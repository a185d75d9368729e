import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse, stringify } from 'yaml'
import { type ControlPlane, startControlPlane } from '../harness/control-plane/control-plane.ts'
import { until } from '../harness/until.ts'
import { inheritProcessors } from './control-groups.ts'
import { forward } from './forward.ts'
import { nodePrograms } from './programs.ts'
import { serveImages } from './registry.ts'

/**
 * A node, from within its namespaces (enter.sh). It says so when it is ready for pods, and it
 * ends when its standard input ends.
 *
 *     node inside.ts FOLDER NODES
 */

/** The address of a node: enter.sh. */
const addressOf = (number: number) => `172.30.0.${number}`

/** The address by which pods reach the API server. */
const ADDRESS = addressOf(1)
const REGISTRY_PORT = 5000
const CONFIG = path.join(import.meta.dirname, 'etc')

const [folder = '', nodes = '1'] = process.argv.slice(2)
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
async function startNodes({ kubeconfig, folder: keys }: ControlPlane): Promise<void> {
  const programs = await nodePrograms()
  symlinkSync(kubeconfig, '/run/kubeconfig')
  symlinkSync(CONFIG, '/run/etc')
  const alone = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--bind-address=127.0.0.1']
  start('kube-controller-manager', programs.path('kube-controller-manager'), [
    ...alone,
    `--service-account-private-key-file=${path.join(keys, 'service-account.key')}`,
    `--root-ca-file=${path.join(keys, 'apiserver.crt')}`,
  ])
  start('kube-scheduler', programs.path('kube-scheduler'), alone)
  // All nodes share the network.
  start('kube-proxy', programs.path('kube-proxy'), [`--config=${path.join(CONFIG, 'kube-proxy.yaml')}`])
  for (const number of numbers) await startKubelet(number, programs.path('kubelet'))
}

/** The numbers of the nodes, from 1. */
const numbers = Array.from({ length: Number(nodes) }, (_, index) => index + 1)

/** What the name of a node ends with, and those of its folders: nothing for the first. */
const suffixOf = (number: number) => (number === 1 ? '' : `-${number}`)

/** Starts a kubelet and its containerd, whose folders and control groups are their own. */
async function startKubelet(number: number, program: string): Promise<void> {
  const suffix = suffixOf(number)
  const [name, run, lib] = [`node${suffix}`, `/run/containerd${suffix}`, `/var/lib/kubelet${suffix}`]
  const socket = `${run}/containerd.sock`
  const own = ['--root', `/var/lib/containerd${suffix}`, '--state', run, '--address', socket]
  start(`containerd${suffix}`, 'containerd', ['--config', path.join(CONFIG, 'containerd.toml'), ...own])
  await until('containerd listens', () =>
    readFileSync(path.join(logs, `containerd${suffix}.log`), 'utf8').includes('serving...'),
  )
  const config = {
    ...parse(readFileSync(path.join(CONFIG, 'kubelet.yaml'), 'utf8')),
    address: addressOf(number),
    ...(number > 1 && { healthzPort: 0, cgroupRoot: makeGroup(name) }),
    containerRuntimeEndpoint: `unix://${socket}`,
    podLogsDir: `/var/log/pods${suffix}`,
  }
  const file = `/run/kubelet${suffix}.yaml`
  writeFileSync(file, stringify(config))
  start(`kubelet${suffix}`, program, [
    ...['--kubeconfig=/run/kubeconfig', `--config=${file}`, `--hostname-override=${name}`],
    ...[`--node-ip=${addressOf(number)}`, `--root-dir=${lib}`, `--cert-dir=${lib}/pki`],
  ])
}

/** Makes a control group of this name in each hierarchy, and returns its path within them. */
function makeGroup(name: string): string {
  for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
    const parent = path.join('/sys/fs/cgroup', hierarchy)
    mkdirSync(path.join(parent, name))
    inheritProcessors(parent, path.join(parent, name))
  }
  return `/${name}`
}

/** Waits until each node takes pods. */
async function ready({ api }: ControlPlane): Promise<void> {
  for (const number of numbers)
    await until('the node is ready', async () => {
      const { body } = await api.request('GET', `/api/v1/nodes/node${suffixOf(number)}`)
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
await startNodes(controlPlane)
await ready(controlPlane)
process.stdout.write('ready\n')

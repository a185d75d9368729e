import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { certificates } from '../harness/program/certificates.ts'
import { MIB } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'
import { defaultSeccomp } from './seccomp.ts'
import { unpack } from './unpack.ts'

/** The user of the image. */
const USER = 65_532

/** Ends runc, and with its namespace of processes all that it started, when this process ends. */
const TETHERED = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--pid', '--mount-proc', '--fork', '--kill-child']

/** A container that serves reviews, with a grant from a folder. */
export interface Container {
  readonly url: string
  readonly ca: string
  /** Its files. */
  readonly root: string
  /** What Linux says about its process, by the name of a file in /proc/PID. */
  proc(file: string): string
  stop(): Promise<void>
}

/** Runs the image of an OCI layout as a cluster would: its user, no capabilities, a root that cannot be written, seccomp. */
export async function runImage(layout: string): Promise<Container> {
  const bundle = folderWith({ 'data/grants/grant.yaml': GRANT })
  const root = path.join(bundle, 'rootfs')
  const { User, Env, Entrypoint, Cmd } = unpack(layout, root, 'amd64')
  const certs = await certificates()
  cpSync(certs, path.join(bundle, 'data/certs'), { recursive: true })
  for (const file of readdirSync(path.join(bundle, 'data'), { recursive: true, encoding: 'utf8' }))
    chownSync(path.join(bundle, 'data', file), USER, USER)
  const files = ['--grants', '/data/grants', '--cert', '/data/certs/tls.crt', '--key', '/data/certs/tls.key']
  const args = [
    ...Entrypoint,
    ...Cmd,
    ...files,
    '--listen',
    '127.0.0.1:0',
    '--metrics-listen',
    '127.0.0.1:0',
    '--drain',
    '0',
  ]
  writeFileSync(path.join(bundle, 'config.json'), JSON.stringify(runtimeConfig(User, Env, args)))
  mkdirSync(path.join(root, 'data'))
  const [command = '', ...argv] = [
    ...TETHERED,
    'runc',
    '--root',
    path.join(bundle, 'state'),
    'run',
    '--bundle',
    bundle,
    path.basename(bundle),
  ]
  const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ports = new Map<unknown, number>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { msg, port } = JSON.parse(line)
    ports.set(msg, port)
  })
  await until('the container serves', async () => {
    if (child.exitCode !== null) throw new Error(`the container ended with ${child.exitCode}`)
    return ports.has('serving reviews')
  })
  return {
    url: `https://127.0.0.1:${ports.get('serving reviews')}/validate`,
    ca: readFileSync(path.join(certs, 'ca.crt'), 'utf8'),
    root,
    proc: (file) => readFileSync(`/proc/${pidOfNode(child)}/${file}`, 'utf8'),
    async stop() {
      process.kill(pidOfNode(child), 'SIGTERM')
      await once(child, 'exit')
      rmSync(bundle, { recursive: true })
    },
  }
}

/**
 * Returns the process of Node below another, as this machine numbers it.
 *
 * @throws Error if Node is not below it
 */
function pidOfNode(ancestor: ChildProcess): number {
  const below = [Number(ancestor.pid)]
  for (const pid of below) {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/nodejs/bin/node\0')) return pid
    const lists = globSync(`/proc/${pid}/task/*/children`).map((list) => readFileSync(list, 'utf8'))
    below.push(...lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number)))
  }
  throw new Error('the container has no process')
}

/** Returns what runc reads. The container shares the network of the test, so that both reach each other. */
function runtimeConfig(user: string, env: readonly string[], args: readonly string[]): object {
  const [uid, gid] = user.split(':').map(Number)
  return {
    ociVersion: '1.0.2',
    process: { user: { uid, gid }, args, env, cwd: '/', noNewPrivileges: true, capabilities: {} },
    root: { path: 'rootfs', readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/data', type: 'bind', source: 'data', options: ['bind', 'ro'] },
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      resources: { memory: { limit: 256 * MIB } },
      seccomp: defaultSeccomp(),
    },
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { ApiClient } from '../harness/control-plane/api-client.ts'
import { binaries } from '../harness/control-plane/binaries.ts'
import { writeKubeconfig } from '../harness/control-plane/control-plane.ts'
import { cacheFolder } from '../harness/control-plane/go-programs.ts'
import { run } from '../harness/program/run.ts'
import { ControlGroups } from './control-groups.ts'
import { forward } from './forward.ts'
import { writeBusybox } from './images.ts'
import { nodePrograms } from './programs.ts'
import { busyboxIn, nodeRoot } from './root.ts'

const REPOSITORY = path.resolve(import.meta.dirname, '..', '..')

/** A cluster of one node, or more: its pods, its services and its API server are real. */
export interface Node {
  /** Holds the logs. */
  readonly folder: string
  readonly api: ApiClient
  /** Path of a kubeconfig of an administrator. */
  readonly kubeconfig: string
  /** The folder of kubectl. */
  readonly programs: string
  /** The node's group in the hierarchy of a controller, as a folder. */
  groupOf(controller: string): string
  /**
   * Runs kubectl as the administrator, and returns what it prints.
   *
   * @throws Error if it fails
   */
  kubectl(...argv: string[]): Promise<string>
  /** Ends everything; resolves when it is gone. */
  stop(): Promise<void>
}

/**
 * Starts a cluster in namespaces of its own. It ends when this process ends, however it does.
 *
 * @param nodes the number of nodes: the first is called `node`, and the others `node-2` and so on
 * @throws Error if this machine cannot run one, or something of it does not start; nothing is left running then
 */
export async function startNode(signal?: AbortSignal, nodes = 1): Promise<Node> {
  if (process.geteuid?.() !== 0) throw new Error('a node needs root, for its namespaces and its control groups')
  // Before anything is built, which takes minutes the first time.
  ControlGroups.check()
  const [programs, root] = [await binaries(signal), await nodeRoot(), await nodePrograms(signal)]
  const folder = mkdtempSync(path.join(tmpdir(), 'refgrant-node-'))
  mkdirSync(path.join(folder, 'root'))
  writeBusybox(root, path.join(folder, 'images/busybox'))
  symlinkSync(path.join(REPOSITORY, 'dist/image'), path.join(folder, 'images/refgrant'))
  const groups = ControlGroups.create()
  const child = enter(root, folder, groups, programs.folder, nodes)
  const ended = once(child, 'exit')
  child.stdin.on('error', () => {})
  const end = async () => {
    child.stdin.end()
    await ended
    await groups.remove()
  }
  signal?.addEventListener('abort', end)
  const { done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  if (done) {
    await end()
    if (signal?.aborted) rmSync(folder, { recursive: true })
    signal?.throwIfAborted()
    throw new Error(`the node did not start; its logs are in ${folder}`)
  }

  const data = path.join(folder, 'control-plane')
  const forwarding = await forward({ host: '127.0.0.1', port: 0 }, { path: path.join(folder, 'api.sock') })
  const server = `https://127.0.0.1:${(forwarding.address() as AddressInfo).port}`
  const [token, ca] = ['admin.token', 'apiserver.crt'].map((file) => readFileSync(path.join(data, file), 'utf8'))
  const kubeconfig = await writeKubeconfig(folder, { name: 'admin', token: token as string, server, ca: ca as string })
  return {
    folder,
    api: new ApiClient(server, ca as string, token as string),
    kubeconfig,
    programs: programs.folder,
    groupOf: (controller) => groups.folderOf(controller),
    async kubectl(...argv) {
      const { code, stdout, stderr } = await run(programs.path('kubectl'), ['--kubeconfig', kubeconfig, ...argv])
      if (code !== 0) throw new Error(`kubectl ${argv.join(' ')}: exit code ${code}: ${stderr}`)
      return stdout
    },
    async stop() {
      forwarding.close()
      await end()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Starts process 1 of the node. */
function enter(root: string, folder: string, groups: ControlGroups, binaries: string, nodes: number) {
  const namespaces = ['mount', 'net', 'pid', 'uts', 'ipc', 'cgroup'].map((name) => `--${name}`)
  const script = [
    busyboxIn(root),
    'sh',
    path.join(import.meta.dirname, 'enter.sh'),
    root,
    folder,
    String(nodes),
    ...groups.mounts,
    '--',
  ]
  const [command = '', ...argv] = [
    ...groups.wrapper,
    ...['unshare', ...namespaces, '--fork', '--kill-child', '--'],
    ...[...script, REPOSITORY, cacheFolder, binaries],
  ]
  const { XDG_CACHE_HOME, KUBEBUILDER_ASSETS } = process.env
  const kept = { ...(XDG_CACHE_HOME && { XDG_CACHE_HOME }), ...(KUBEBUILDER_ASSETS && { KUBEBUILDER_ASSETS }) }
  return spawn(command, argv, {
    // Little else of this process's environment holds in another root.
    env: { HOME: homedir(), PATH: '/usr/sbin:/usr/bin', ...kept },
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

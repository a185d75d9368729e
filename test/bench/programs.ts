import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { certificates } from '../harness/program/certificates.ts'
import { imageOptions } from '../harness/program/image-options.ts'

const FLOOR = path.join(import.meta.dirname, 'floor')

/** The processor of each program; the load has another. */
const PROCESSOR = '0'

/** A webhook that runs. */
export interface Program {
  readonly name: string
  readonly url: string
  readonly path: string
  readonly pid: number
  /** The CPU time that it has used, in s. */
  cpu(): number
  /** Its resident memory, in MiB. */
  resident(): number
  stop(): Promise<void>
}

/** Bare Node, and bare Fastify. */
export async function startFloor(which: 'node' | 'fastify'): Promise<Program> {
  const { child, lines } = await start(process.execPath, [path.join(FLOOR, `${which}.mjs`), ...(await keyPair())])
  const { port } = await lines(({ port }) => port !== undefined)
  return programOf(which === 'node' ? 'bare node:https' : 'bare Fastify', `https://127.0.0.1:${port}`, child)
}

/** The bundle. */
export interface Bundle extends Program {
  /** The value of a metric, summed over its labels; undefined if the bundle does not answer. */
  metric(name: string): Promise<number | undefined>
  /** The next line of its log for which this is true, also of the past. */
  line(is: (line: Line) => boolean): Promise<Line>
}

interface BundleOptions {
  /** Options of Node besides those of the image. */
  readonly nodeOptions?: readonly string[]
  /** What the command line begins with, before Node: a program that becomes it. */
  readonly wrapper?: readonly string[]
  /** How long the start may take, in ms. */
  readonly patience?: number
}

/**
 * The bundle, as the image runs it, once it is ready.
 *
 * @throws Error if it ends before, or takes too long
 */
export async function startBundle(
  grants: readonly string[],
  { nodeOptions = [], wrapper = [], patience = Infinity }: BundleOptions = {},
): Promise<Bundle> {
  const [cert = '', key = ''] = await keyPair()
  const serve = ['dist/refgrant.js', 'serve', ...grants, '--cert', cert, '--key', key]
  const addresses = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0', '--drain', '0']
  const [command = '', ...argv] = [
    ...wrapper,
    process.execPath,
    ...imageOptions(),
    ...nodeOptions,
    ...serve,
    ...addresses,
  ]
  const { child, lines } = await start(command, argv)
  const deadline = performance.now() + patience
  const { port: healthPort } = await lines(({ msg }) => msg === 'serving health and metrics')
  const { port } = await lines(({ msg }) => msg === 'serving reviews')
  const health = `http://127.0.0.1:${healthPort}`
  const program = programOf('refgrant', `https://127.0.0.1:${port}`, child)
  while (!(await fetch(`${health}/readyz`).catch(() => undefined))?.ok) {
    if (hasEnded(child)) throw new Error('refgrant ended before it was ready')
    if (performance.now() > deadline) {
      await program.stop()
      throw new Error(`refgrant was not ready in ${patience} ms`)
    }
    await wait(5)
  }
  const metric = async (name: string) => {
    const text = await fetch(`${health}/metrics`).then(
      (answer) => answer.text(),
      () => undefined,
    )
    const values = text?.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))
    return values && [...values].reduce((sum, [, value]) => sum + Number(value), 0)
  }
  return { ...program, metric, line: lines }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

/** The programs that make the same decision, where they are: see docs/performance.md. */
export async function startOthers(grants: number): Promise<Program[]> {
  const given = (process.env.OTHERS ?? '').split(' ').filter((other) => other !== '')
  const running = given.map((other) => {
    const [name = '', url = '', pid] = other.split(',')
    return { ...programOf(name, new URL(url).origin, { pid: Number(pid) }), path: new URL(url).pathname }
  })
  const source = path.join(process.env.ANCHORS ?? '../shared/anchors', 'go-webhook')
  return existsSync(source) ? [await startGo(source, grants), ...running] : running
}

async function startGo(source: string, grants: number): Promise<Program> {
  const binary = path.join(mkdtempSync(path.join(tmpdir(), 'refgrant-')), 'go-webhook')
  execFileSync('go', ['build', '-o', binary, '.'], { cwd: source, stdio: 'inherit' })
  const [CERT, KEY] = await keyPair()
  const port = 20_000 + (process.pid % 10_000)
  const env = { ...process.env, CERT, KEY, ADDR: `127.0.0.1:${port}`, GRANTS: String(grants), GOMAXPROCS: '1' }
  const { child } = await start(binary, [], env)
  const url = `https://127.0.0.1:${port}`
  // It prints nothing; any answer of the socket shows that it listens.
  while (!(await fetch(`http://127.0.0.1:${port}`).catch(() => undefined))) await wait(20)
  return { ...programOf('Go, controller-runtime', url, child), path: '/validate' }
}

async function keyPair(): Promise<string[]> {
  const folder = await certificates()
  return [path.join(folder, 'tls.crt'), path.join(folder, 'tls.key')]
}

/** A line that a program prints. */
type Line = Record<string, unknown>

/** Starts a program on the processor of programs. It ends with this process. */
async function start(command: string, argv: readonly string[], env = process.env) {
  const pinned = ['--pdeathsig', 'KILL', 'taskset', '-c', PROCESSOR, command, ...argv]
  const child = spawn('setpriv', pinned, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child, 'spawn')
  const seen: Line[] = []
  const changed = new EventTarget()
  createInterface({ input: child.stdout }).on('line', (line) => {
    seen.push(JSON.parse(line))
    changed.dispatchEvent(new Event('line'))
  })
  const lines = async (is: (line: Line) => boolean): Promise<Line> => {
    for (;;) {
      const found = seen.find(is)
      if (found) return found
      if (hasEnded(child)) throw new Error(`${command} ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`)
      await Promise.race([once(changed, 'line'), once(child, 'exit')])
    }
  }
  return { child, lines }
}

function programOf(name: string, url: string, child: ChildProcess | { readonly pid: number }): Program {
  const pid = child.pid as number
  return {
    ...{ name, url, pid, path: '/validate/deny?timeout=10s' },
    cpu: () => cpuOf(pid),
    resident: () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024,
    async stop() {
      if (!('kill' in child) || hasEnded(child)) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** Returns the CPU time of the threads of a process, in s. Source: Linux, sched-stats.rst. */
export function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const times = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  return times.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e9
}

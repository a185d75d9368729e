import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import './tether.ts'
import { until } from '../until.ts'
import { certificates } from './certificates.ts'

/** How long a server may take to be ready, in ms: it takes less than 2 s alone, and machines may be very busy. */
const READY = 180_000

/** How often readiness is asked for, in ms. */
const PROBE = 10

export interface Refgrant {
  /** What the API server calls. */
  readonly url: string
  /** PEM that the server's certificate is verified with. */
  readonly ca: string
  /** The log lines so far, parsed. */
  readonly log: Record<string, unknown>[]
  /** The answer of the health listener. */
  health(path: string): Promise<string>
  /** The value of a metric without labels, or the sum over its labels that `labels` is part of. */
  metric(name: string, labels?: string): Promise<number>
  /** Resolves when it knows so many grants. */
  knows(grants: number): Promise<unknown>
  /** Address of Node's inspector, if `nodeOptions` asked for it. */
  inspector(): string
  stop(): Promise<void>
  readonly process: ChildProcess
}

export interface RefgrantOptions {
  /** Folder with ca.crt, tls.crt and tls.key for 127.0.0.1; one for all by default. */
  readonly certs?: string
  /** Whether it issues its certificate itself, in place of those in `certs`. */
  readonly selfManaged?: boolean
  /** Where grants come from: `--kubeconfig F` or `--grants DIR`. */
  readonly grants: readonly string[]
  /** Further arguments. */
  readonly more?: readonly string[]
  /** What to run; the source by default. */
  readonly program?: string
  /** The Node to run it with; the Node of this process by default. */
  readonly node?: string
  /** How long it serves on after SIGTERM, in s; not at all by default. */
  readonly drain?: number
  /** HOST:PORT of the webhook; a free port by default. */
  readonly listen?: string
  /** What the start waits for; `ready` by default, which a server that cannot sync never is. */
  readonly waitFor?: 'listening' | 'ready'
  /** Options of Node. */
  readonly nodeOptions?: readonly string[]
  /** What the command line begins with, before Node: a program that becomes it (`exec`). */
  readonly wrapper?: readonly string[]
  /** Ends the start. */
  readonly signal?: AbortSignal | undefined
  /** Takes each log line, as it comes. */
  readonly onLine?: (line: string) => void
}

/** The repository. */
const ROOT = path.join(import.meta.dirname, '..', '..', '..')

/** What ends a Node process when its parent ends, which has to give it a pipe as standard input. */
export const TETHER = ['--import', `${pathToFileURL(path.join(import.meta.dirname, 'tether.ts'))}?stdin`]

/** Starts `refgrant serve` as a process that ends with this one at the latest, and waits until it is ready. */
export async function startRefgrant(options: RefgrantOptions): Promise<Refgrant> {
  const { waitFor = 'ready', wrapper = [], node = process.execPath, signal, onLine } = options
  const certs = options.certs ?? (await certificates())
  const [command = '', ...argv] = [...wrapper, node, ...argumentsOf(options, certs)]
  // In a process group of its own: a Ctrl-C on a terminal is for the process that starts it, which then stops it.
  const child = spawn(command, argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    process.stderr.write(chunk)
  })
  const log: Refgrant['log'] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry = parsed(line)
    if (entry) log.push(entry)
    // What a process prints that runs out of memory.
    else process.stderr.write(`${line}\n`)
    onLine?.(line)
  })
  const ended = once(child, 'exit')
  const port = (message: string) => log.find(({ msg }) => msg === message)?.port
  const health = async (path: string) =>
    (await fetch(`http://127.0.0.1:${port('serving health and metrics')}${path}`)).text()
  const metric = async (name: string, labels = '') => sumIn(await health('/metrics'), name, labels)
  const isReady = async () =>
    port('serving reviews') !== undefined && (waitFor === 'listening' || (await health('/readyz')) === 'ok\n')
  await untilReady(child, isReady, log, signal)
  return {
    url: `https://127.0.0.1:${port('serving reviews')}/validate`,
    ca: readFileSync(path.join(certs, 'ca.crt'), 'utf8'),
    log,
    health,
    metric,
    knows: (grants) =>
      until(`refgrant knows ${grants} grants`, async () => (await metric('refgrant_grants')) === grants),
    inspector: () => stderr.match(/ws:\S+/)?.[0] ?? '',
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
    process: child,
  }
}

/** What Node is started with. */
function argumentsOf(options: RefgrantOptions, certs: string): string[] {
  const {
    grants,
    selfManaged = false,
    program = 'src/cli.ts',
    nodeOptions = [],
    drain = 0,
    listen = '127.0.0.1:0',
    more = [],
  } = options
  const files = selfManaged
    ? ['--certificates', 'self-managed', '--host', '127.0.0.1']
    : ['--cert', path.join(certs, 'tls.crt'), '--key', path.join(certs, 'tls.key')]
  const ports = ['--listen', listen, '--metrics-listen', '127.0.0.1:0']
  const serve = [...TETHER, ...nodeOptions, path.resolve(ROOT, program), 'serve']
  return [...serve, ...grants, ...ports, ...files, '--log-level', 'debug', '--drain', String(drain), ...more]
}

/** @throws Error if the process ends before it is ready, or takes too long; the signal's reason after an abort */
async function untilReady(
  child: ChildProcess,
  isReady: () => Promise<boolean>,
  log: Readonly<Refgrant['log']>,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + READY
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`refgrant ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`)
    if (signal?.aborted) {
      child.kill()
      throw signal.reason
    }
    if (await isReady()) return
    if (Date.now() > deadline) {
      child.kill()
      const logged = log.map((line) => JSON.stringify(line)).join('\n')
      throw new Error(`refgrant was not ready in ${READY} ms; it logged:\n${logged}`)
    }
    await wait(PROBE)
  }
}

/** The sum of a metric over its labels that `labels` is part of. */
function sumIn(metrics: string, name: string, labels: string): number {
  const rows = metrics.split('\n').filter((row) => row.startsWith(name) && row.includes(labels))
  const values = rows.filter((row) => /^[{ ]/.test(row.slice(name.length))).map((row) => Number(row.split(' ').at(-1)))
  return values.reduce((sum, value) => sum + value, 0)
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

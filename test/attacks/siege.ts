import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { heapOptions } from '../harness/program/image-options.ts'
import { Inspector } from '../harness/program/inspector.ts'
import { MemoryCgroup } from '../harness/program/memory-cgroup.ts'
import { type Refgrant, startRefgrant } from '../harness/program/refgrant.ts'
import { MIB, reference, review, route } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'
import type { Tally } from './neighbour.ts'
import { Neighbour } from './neighbour-process.ts'
import { slowness } from './slowness.ts'

/** What the container has, in bytes. */
const CONTAINER = 256 * MIB

/**
 * What the server may hold more after an attack than before, in bytes: in use by JavaScript, and resident, of which most
 * is what the allocator keeps for its next use.
 */
const KEPT = { inUse: 16 * MIB, resident: 128 * MIB }

/**
 * How long the server may take to give its memory back, in ms. The API server that the attacks use never answers some
 * reads, which end after 30 s.
 */
const BACK = 60_000

/** Longest line of its log, in characters. */
const LINE = 16 * 1024

/** How long the server may be busy before it answers `/livez`, in ms: what a kubelet waits by default. */
const LIVEZ = 1_000

/** Answers of each kind that are waited for before an attack, in its midst and after it. */
const ANSWERS = 4

/** A server under attack. */
export interface Victim extends Refgrant {
  /** Port of health and metrics. */
  readonly healthPort: number
  readonly port: number
}

export interface Siege {
  /**
   * Whether the server may turn its neighbour's reviews away while the attack lasts, since it holds all that it can; by
   * default while it does not know the grants yet, and needs fresh reads, for which there is a budget.
   */
  readonly mayShed?: boolean
  /** Where grants come from; a folder with a grant of billing to shop by default. */
  readonly grants?: readonly string[]
  /** Whether the server is ready before the attack begins; else the attack is what it starts with. */
  readonly ready?: boolean
  /** Whether the attack is over when it ends, so that its memory comes back; not so grants, which are there to stay. */
  readonly passes?: boolean
  /** What the neighbour asks; a review that the default grant permits by default. */
  readonly neighbours?: readonly string[]
}

const folder = folderWith({ 'grants.yaml': GRANT })

/** A review that the grant of the default folder permits. */
export const permitted = review(route(reference('payments', 'billing')))

/**
 * Starts the bundle in a container of 256 MiB, attacks it while a neighbour asks it, and fails unless it lives, answers
 * its neighbour and gives its memory back. What was measured is told as a line for the table of attacks.
 */
export async function withstand(
  context: TestContext,
  name: string,
  siege: Siege,
  attack: (victim: Victim) => Promise<void>,
): Promise<void> {
  const { ready = true, passes = ready, mayShed = !ready } = siege
  const place = await begin(context, siege, ready)
  const { victim, cgroup, neighbour, ended, longestLine } = place
  const memory = new Memory(place)
  try {
    const end = endure(place, memory, { ready, passes }, attack).catch((error) => diedOr(error, place))
    const { during, after } = await Promise.race([end, ended])
    judge(during, mayShed)
    judge(after, false)
    if (passes) assert.ok(memory.isBack, `the server keeps ${memory}`)
    assert.equal(cgroup.killed, 0, 'nothing was killed for want of memory')
    assert.ok(longestLine() <= LINE, `a line of the log has ${longestLine()} characters, of at most ${LINE}`)
  } finally {
    const { livez, reviews } = neighbour.all
    const { exitCode, signalCode } = victim.process
    context.diagnostic(
      `${name}: ${isDead(victim) ? `DEAD (${signalCode ?? exitCode})` : 'lives'}, peak ${mib(cgroup.peak)}, kept ${memory}, ` +
        `worst /livez ${Math.round(livez.worst)} ms (busy ${livez.worstBusy} ms), neighbour: ` +
        `${reviews.permitted} permitted, ${reviews.shed.length} turned away, ${reviews.failed.length} wrong`,
    )
    place.inspector.close()
  }
}

/** A server that is asked by its neighbour, and the container that it is in. */
interface Place {
  readonly victim: Victim
  readonly cgroup: MemoryCgroup
  readonly neighbour: Neighbour
  readonly inspector: Inspector
  /** Rejects when the server ends. */
  readonly ended: Promise<never>
  readonly longestLine: () => number
}

async function begin(context: TestContext, siege: Siege, ready: boolean): Promise<Place> {
  const cgroup = MemoryCgroup.create(CONTAINER)
  let longest = 0
  const server = await startRefgrant({
    grants: siege.grants ?? ['--grants', folder],
    program: 'dist/refgrant.js',
    nodeOptions: [...heapOptions(), '--inspect=127.0.0.1:0'],
    waitFor: ready ? 'ready' : 'listening',
    wrapper: cgroup.wrapper,
    more: ['--log-level', 'info'],
    onLine: (line) => {
      longest = Math.max(longest, line.length)
    },
  })
  const ended = once(server.process, 'exit').then(([code, signal]) => {
    const end = signal ?? `exit code ${code}`
    throw new Error(`the server ended with ${end}; killed for want of memory: ${cgroup.killed}`)
  })
  ended.catch(() => {})
  const victim = victimOf(server)
  const neighbour = new Neighbour(victim, siege.neighbours ?? [permitted])
  context.after(async () => {
    neighbour.leave()
    server.process.kill('SIGKILL')
    await ended.catch(() => {})
    await cgroup.remove()
  })
  const inspector = await Inspector.connect(server.inspector())
  return { victim, cgroup, neighbour, inspector, ended, longestLine: () => longest }
}

/** What the server holds more than before the attack. */
class Memory {
  readonly #place: Place
  #before = { inUse: Number.NaN, resident: Number.NaN }
  #now = this.#before

  constructor(place: Place) {
    this.#place = place
  }

  async begin(): Promise<void> {
    this.#before = await this.#measure()
  }

  /** Collects garbage, and measures. */
  async collect(): Promise<void> {
    this.#now = await this.#measure()
  }

  get isBack(): boolean {
    return this.#more('inUse') < KEPT.inUse && this.#more('resident') < KEPT.resident
  }

  toString(): string {
    return `${mib(this.#more('inUse'))} in use and ${mib(this.#more('resident'))} resident`
  }

  #more(kind: keyof typeof KEPT): number {
    return this.#now[kind] - this.#before[kind]
  }

  async #measure() {
    return { inUse: await this.#place.inspector.memory(), resident: this.#place.cgroup.inUse }
  }
}

/** Lets the attack happen, and the memory come back; gives what the neighbour was answered meanwhile and after it. */
async function endure(
  { victim, neighbour }: Place,
  memory: Memory,
  { ready, passes }: { ready: boolean; passes: boolean },
  attack: (victim: Victim) => Promise<void>,
) {
  if (ready) await neighbour.answers(ANSWERS)
  await memory.begin()
  neighbour.mark()
  await Promise.all([attack(victim), neighbour.answers(ANSWERS)])
  // What was asked before its end counts as asked meanwhile.
  await neighbour.answers(1)
  const during = neighbour.tally()
  await memory.collect()
  const latest = performance.now() + BACK
  while (passes && !memory.isBack && performance.now() < latest) {
    await neighbour.answers(1)
    await memory.collect()
  }
  neighbour.mark()
  await neighbour.answers(ANSWERS)
  return { during, after: neighbour.tally() }
}

/** What fails since the server dies fails for that reason; it may take a moment to be dead. */
async function diedOr(error: unknown, { victim, ended }: Place): Promise<never> {
  const lives = () => victim.health('/livez').then(Boolean, () => false)
  await until('the server lives or is dead', async () => isDead(victim) || (await lives()))
  if (isDead(victim)) await ended
  throw error
}

const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`

const isDead = ({ process: { exitCode, signalCode } }: Refgrant) => exitCode !== null || signalCode !== null

function victimOf(server: Refgrant): Victim {
  const port = (message: string) => Number(server.log.find(({ msg }) => msg === message)?.port)
  return { ...server, port: port('serving reviews'), healthPort: port('serving health and metrics') }
}

/** No answer is wrong or missing, and the server was never busy for longer than a kubelet waits. */
function judge({ livez, reviews }: Tally, mayShed: boolean): void {
  assert.deepEqual(livez.failed.slice(0, 3), [], '/livez is answered')
  assert.deepEqual(reviews.failed.slice(0, 3), [], 'the neighbour is answered right')
  assert.ok(reviews.permitted > 0, 'the neighbour is permitted')
  if (!mayShed) assert.deepEqual(reviews.shed.slice(0, 3), [], 'none of the neighbour’s reviews is turned away')
  const limit = LIVEZ * slowness()
  assert.ok(
    livez.worstBusy <= limit,
    `busy for ${livez.worstBusy} ms before /livez was answered, of at most ${limit} ms`,
  )
}

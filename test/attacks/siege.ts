import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { until } from '../harness/api-client.ts'
import { refgrant as command, folderWith, GRANT } from '../harness/cli.ts'
import { Inspector } from '../harness/inspector.ts'
import { MemoryCgroup } from '../harness/memory-cgroup.ts'
import { type Refgrant, startRefgrant } from '../harness/refgrant.ts'
import { MIB, reference, review, route } from '../harness/reviews.ts'
import type { Questions, Tally } from './neighbour.ts'

/** What the container has, in bytes, and the part of it that Node's heap may take: as the Dockerfile has it. */
const CONTAINER = 256 * MIB
const HEAP = '--max-old-space-size-percentage=60'

/**
 * What the server may hold more after an attack than before, in bytes: in use by JavaScript, and resident, of which most
 * is what the allocator keeps for its next use; and garbage collections that it may take to have it back.
 */
const KEPT = { inUse: 16 * MIB, resident: 128 * MIB }
const COLLECTIONS = 50

/** Longest line of its log, in characters. */
const LINE = 16 * 1024

/** How long the server may be busy before it answers `/livez`, in ms: what a kubelet waits by default. */
const LIVEZ = 1_000

/** Answers of each kind that are waited for before an attack, in its midst and after it. */
const ANSWERS = 4

/** Processor time of `calibrate` on the machine that the limits were made on, in ms. */
const CALIBRATED = 250

/** A server under attack. */
export interface Victim extends Refgrant {
  /** Port of health and metrics. */
  readonly healthPort: number
  readonly port: number
}

export interface Siege {
  /**
   * Whether the server may turn its neighbour's reviews away while the attack lasts, since it holds all that it can; by
   * default while it does not know the grants yet, and must read them afresh, for which there is a budget.
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

const certs = folderWith({})
const certificates = command(['certs', '--out', certs])
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
  await certificates
  const { ready = true, passes = ready, mayShed = !ready, neighbours = [permitted] } = siege
  const cgroup = MemoryCgroup.create(CONTAINER)
  let longestLine = 0
  const server = await startRefgrant({
    certs,
    grants: siege.grants ?? ['--grants', folder],
    program: 'dist/refgrant.js',
    nodeOptions: [HEAP, '--inspect=127.0.0.1:0'],
    waitFor: ready ? 'ready' : 'listening',
    wrapper: cgroup.wrapper,
    more: ['--log-level', 'info'],
    onLine: (line) => {
      longestLine = Math.max(longestLine, line.length)
    },
  })
  const victim = victimOf(server)
  const ended = once(server.process, 'exit').then(([code, signal]) => {
    throw new Error(
      `the server ended with ${signal ?? `exit code ${code}`}; killed for want of memory: ${cgroup.killed}`,
    )
  })
  ended.catch(() => {})
  const neighbour = new Neighbour(victim, neighbours)
  context.after(async () => {
    neighbour.leave()
    server.process.kill('SIGKILL')
    await ended.catch(() => {})
    await cgroup.remove()
  })
  const inspector = await Inspector.connect(server.inspector())
  let memory = { inUse: Number.NaN, resident: Number.NaN }
  const measure = async () => ({ inUse: await inspector.memory(), resident: cgroup.inUse })
  const run = async () => {
    if (ready) await neighbour.answers(ANSWERS)
    const before = await measure()
    neighbour.mark()
    await Promise.all([attack(victim), neighbour.answers(ANSWERS)])
    // What was asked before its end counts as asked meanwhile.
    await neighbour.answers(1)
    const during = neighbour.tally()
    for (let collection = 0; collection < COLLECTIONS; collection += 1) {
      const now = await measure()
      memory = { inUse: now.inUse - before.inUse, resident: now.resident - before.resident }
      if (!passes || (memory.inUse < KEPT.inUse && memory.resident < KEPT.resident)) break
      await neighbour.answers(1)
    }
    neighbour.mark()
    await neighbour.answers(ANSWERS)
    return { during, after: neighbour.tally() }
  }
  /** What fails since the server dies fails for that reason; it may take a moment to be dead. */
  const diedOr = async (error: unknown): Promise<never> => {
    const lives = () => server.health('/livez').then(Boolean, () => false)
    await until('the server lives or is dead', async () => isDead(server) || (await lives()))
    if (isDead(server)) await ended
    throw error
  }
  try {
    const { during, after } = await Promise.race([run().catch((error) => diedOr(error)), ended])
    judge(during, mayShed)
    judge(after, false)
    if (passes)
      for (const kind of ['inUse', 'resident'] as const)
        assert.ok(memory[kind] < KEPT[kind], `${kind}: ${memory[kind]}`)
    assert.equal(cgroup.killed, 0, 'nothing was killed for want of memory')
    assert.ok(longestLine <= LINE, `a line of the log has ${longestLine} characters, of at most ${LINE}`)
  } finally {
    const { livez, reviews } = neighbour.all
    const mib = (bytes: number) => Math.round(bytes / MIB)
    context.diagnostic(
      `${name}: ${isDead(server) ? `DEAD (${server.process.signalCode ?? server.process.exitCode})` : 'lives'}, peak ${mib(cgroup.peak)} MiB, kept ${mib(memory.inUse)} MiB in use and ` +
        `${mib(memory.resident)} MiB resident, worst /livez ${Math.round(livez.worst)} ms (busy ${livez.worstBusy} ms), neighbour: ` +
        `${reviews.permitted} permitted, ${reviews.shed} turned away, ${reviews.failed.length} wrong`,
    )
    inspector.close()
  }
}

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
  if (!mayShed) assert.equal(reviews.shed, 0, 'none of the neighbour’s reviews is turned away')
  const limit = LIVEZ * slowness()
  assert.ok(
    livez.worstBusy <= limit,
    `busy for ${livez.worstBusy} ms before /livez was answered, of at most ${limit} ms`,
  )
}

/** The process that asks; see neighbour.ts. */
class Neighbour {
  readonly #process = fork(path.join(import.meta.dirname, 'neighbour.ts'))
  #latest: Tally = empty()
  #before: Tally = empty()

  constructor({ healthPort, url, ca, process: { pid } }: Victim, bodies: readonly string[]) {
    const reviews = bodies.map((body) => ({ url: `${url}/deny?timeout=10s`, body }))
    const questions: Questions = { health: `http://127.0.0.1:${healthPort}/livez`, reviews, ca, pid: pid as number }
    this.#process.send(questions)
    this.#process.on('message', (tally: Tally) => {
      this.#latest = tally
    })
  }

  /** Resolves when it has so many more answers of each kind, whatever they are. */
  async answers(count: number): Promise<void> {
    const asked = ({ livez, reviews }: Tally) =>
      Math.min(livez.answered + livez.failed.length, reviews.permitted + reviews.shed + reviews.failed.length)
    const enough = asked(this.#latest) + count
    while (asked(this.#latest) < enough) await once(this.#process, 'message')
  }

  /** Begins a new count. */
  mark(): void {
    this.#before = this.#latest
  }

  /** What came of all its questions. */
  get all(): Tally {
    return this.#latest
  }

  /** What came of its questions since the mark; the worst since the start. */
  tally(): Tally {
    const [now, then] = [this.#latest, this.#before]
    return {
      livez: {
        ...now.livez,
        answered: now.livez.answered - then.livez.answered,
        failed: now.livez.failed.slice(then.livez.failed.length),
      },
      reviews: {
        permitted: now.reviews.permitted - then.reviews.permitted,
        shed: now.reviews.shed - then.reviews.shed,
        failed: now.reviews.failed.slice(then.reviews.failed.length),
      },
    }
  }

  leave(): void {
    this.#process.disconnect()
  }
}

function empty(): Tally {
  return { livez: { answered: 0, failed: [], worst: 0, worstBusy: 0 }, reviews: { permitted: 0, shed: 0, failed: [] } }
}

let slow: number | undefined

/** How much slower this machine is than the one that the limit was made on, by processor time; 1 for a faster one. */
function slowness(): number {
  slow ??= Math.max(1, calibrate() / CALIBRATED)
  return slow
}

/** Processor time of a fixed amount of work, of the kind that the server has, in ms. */
function calibrate(): number {
  const text = `[${repeatedObject}]`
  const begun = process.cpuUsage()
  for (let round = 0; round < 10; round += 1) JSON.stringify(JSON.parse(text))
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1_000
}
const repeatedObject = '{"a":{"b":[1,2,3]},"c":"d"},'.repeat(20_000).slice(0, -1)

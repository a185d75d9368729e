import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { post } from '../harness/traffic/post.ts'

/**
 * A process that asks one server, over and over, what a kubelet and an API server ask: `GET /livez` on a new connection,
 * and a review that a grant permits, now on a connection that is kept and now on a new one. It tells its parent what
 * came of it after each answer, and ends with its parent. In a process of its own, the work of an attack delays nothing.
 *
 *     node neighbour.ts     then one message: what to ask, as `Questions`
 */

/** What to ask. */
export interface Questions {
  readonly health: string
  /** Each of these is asked in turn. */
  readonly reviews: readonly { readonly url: string; readonly body: string }[]
  readonly ca: string
  /** The server's process id. */
  readonly pid: number
}

/** What came of it so far. */
export interface Tally {
  readonly livez: {
    answered: number
    /** What came instead of the answer. */
    readonly failed: string[]
    /** Longest time until an answer, in ms, and most time that the server itself was busy before one, in ms. */
    worst: number
    worstBusy: number
  }
  readonly reviews: { permitted: number /** What came with 503. */; readonly shed: string[]; readonly failed: string[] }
}

/**
 * The maximum wait for an answer, in ms: the longest that an API server waits, since a busy machine is several times slower.
 * The time that an answer took is in the table.
 */
const PATIENCE = 30_000

/** Between two questions, in ms. */
const PAUSE = 50

/** Of a tick of the kernel's clock, in which it tells processor time, in ms (Linux, `USER_HZ`). */
const TICK = 10

const tally: Tally = {
  livez: { answered: 0, failed: [], worst: 0, worstBusy: 0 },
  reviews: { permitted: 0, shed: [], failed: [] },
}

const [questions] = (await once(process, 'message')) as [Questions]
process.on('disconnect', () => process.exit())
await Promise.all([askLivez(), askReviews()])

async function askLivez(): Promise<void> {
  const { livez } = tally
  for (;;) {
    const begun = performance.now()
    const [busy, delay] = [processorTime(), ownDelay()]
    try {
      const request = http.get(questions.health, { agent: false, signal: AbortSignal.timeout(PATIENCE) })
      const answer = await answerTo(request)
      if (answer.status === 200) livez.answered += 1
      else livez.failed.push(`HTTP ${answer.status}`)
    } catch (error) {
      livez.failed.push(String(error))
    }
    livez.worst = Math.max(livez.worst, performance.now() - begun)
    // What the server did while this process waited for a processor may have come after its answer.
    livez.worstBusy = Math.max(livez.worstBusy, Math.round(processorTime() - busy - (ownDelay() - delay)))
    tell()
    await wait(PAUSE)
  }
}

async function askReviews(): Promise<void> {
  const { reviews } = tally
  const kept = new https.Agent({ ca: questions.ca, keepAlive: true })
  const fresh = new https.Agent({ ca: questions.ca })
  for (let turn = 0; ; turn += 1) {
    const { url, body } = questions.reviews[turn % questions.reviews.length] as Questions['reviews'][number]
    try {
      const agent = Math.floor(turn / questions.reviews.length) % 2 === 0 ? kept : fresh
      const answer = await post(url, body, { agent, again: true, signal: AbortSignal.timeout(PATIENCE) })
      if (answer.status === 200 && JSON.parse(answer.body).response.allowed === true) reviews.permitted += 1
      else if (answer.status === 503) reviews.shed.push(answer.body.slice(0, 500))
      else reviews.failed.push(`HTTP ${answer.status} ${answer.body.slice(0, 500)}`)
    } catch (error) {
      reviews.failed.push(String(error))
    }
    tell()
    await wait(PAUSE)
  }
}

async function answerTo(request: http.ClientRequest): Promise<{ status: number; body: string }> {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}

/** Processor time of the server's main thread, on which its event loop runs, in ms; 0 once it has ended. */
function processorTime(): number {
  try {
    const stat = readFileSync(`/proc/${questions.pid}/task/${questions.pid}/stat`, 'utf8')
    // The name may hold spaces; after it, user and system time are fields 14 and 15 (man 5 proc_pid_stat).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK
  } catch {
    return 0
  }
}

/** Time that the main thread of this process has waited for a processor, in ms (Linux, sched-stats.rst); 0 if it is not known. */
function ownDelay(): number {
  try {
    const [, nanoseconds] = readFileSync('/proc/self/schedstat', 'utf8').split(' ')
    return Number(nanoseconds) / 1_000_000
  } catch {
    return 0
  }
}

function tell(): void {
  // After the parent has ended, nothing receives the message.
  process.send?.(tally, undefined, undefined, () => {})
}

import { readFileSync } from 'node:fs'
import https from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { post } from '../harness/traffic/post.ts'

/** Reviews to send one after the other. */
export interface Samples {
  readonly url: string
  readonly ca: string
  /** The process of the server. */
  readonly pid: number
  readonly bodies: readonly string[]
  /** Time between an answer and the next review, in ms. */
  readonly pause: number
}

/**
 * What came of them: the time of each, the processor time that the server used in it, both in ms and in ascending order,
 * and how many were not allowed.
 */
export interface Sampled {
  readonly times: number[]
  readonly busy: number[]
  readonly failed: number
}

/** Sends reviews from a thread of its own, so that the work of the load does not count as their time. */
export async function sample(samples: Samples): Promise<Sampled> {
  const worker = new Worker(import.meta.filename, { workerData: samples })
  const { promise, resolve, reject } = Promise.withResolvers<Sampled>()
  worker.once('message', resolve)
  worker.once('error', reject)
  return promise
}

async function send({ url, ca, pid, bodies, pause }: Samples): Promise<Sampled> {
  const agent = new https.Agent({ ca, keepAlive: true })
  const times: number[] = []
  const busy: number[] = []
  let failed = 0
  for (const body of bodies) {
    const begun = performance.now()
    const used = processorTime(pid)
    const answer = await post(url, body, { agent, again: true })
    times.push(performance.now() - begun)
    busy.push(processorTime(pid) - used)
    if (answer.status !== 200 || JSON.parse(answer.body).response.allowed !== true) failed += 1
    await wait(pause)
  }
  agent.destroy()
  const ascending = (one: number, other: number) => one - other
  return { times: times.sort(ascending), busy: busy.sort(ascending), failed }
}

/** Processor time of the main thread of a process, on which its event loop runs, in ms (Linux, schedstat). */
function processorTime(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}

parentPort?.postMessage(await send(workerData as Samples))

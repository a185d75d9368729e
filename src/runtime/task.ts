import { setTimeout as wait } from 'node:timers/promises'
import type { Check } from '../server/health.ts'

/** How long tasks may take to end, in ms. A task that respects its signal takes much less. */
const LONGEST_END = 500

/** Work that runs beside the requests for as long as the server runs. */
export interface Task {
  readonly name: string
  /**
   * Runs until the signal. The task logs external failures and retries. If it throws, or ends before the
   * signal, that is a bug and ends the server. Errors after the signal are ignored.
   */
  run(signal: AbortSignal): Promise<void>
  /** Readiness checks. A check that was true once stays true. */
  readonly checks?: () => readonly Check[]
  /** Further lines of `/readyz?verbose`, which do not affect readiness. */
  readonly remarks?: () => readonly Check[]
}

/** All tasks of a server. Starts and stops them. */
export class Tasks {
  readonly #tasks: readonly Task[]
  readonly #stop = new AbortController()
  #ended: Promise<unknown> = Promise.resolve()

  constructor(tasks: readonly Task[]) {
    this.#tasks = tasks
  }

  /** Returns the checks of all tasks, in order. */
  readonly checks = (): Check[] => this.#tasks.flatMap(({ checks }) => checks?.() ?? [])

  readonly remarks = (): Check[] => this.#tasks.flatMap(({ remarks }) => remarks?.() ?? [])

  /**
   * Runs all tasks until `stop`.
   *
   * @throws Error that names the first task that fails or ends before `stop`
   */
  async run(): Promise<void> {
    const running = this.#tasks.map((task) => runUntil(this.#stop.signal, task))
    this.#ended = Promise.allSettled(running)
    await Promise.all(running)
  }

  /** Stops all tasks, and waits until they have ended, but at most LONGEST_END. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const waiting = new AbortController()
    const limit = wait(LONGEST_END, undefined, { signal: waiting.signal }).catch(() => {})
    await Promise.race([this.#ended, limit])
    waiting.abort()
  }
}

async function runUntil(signal: AbortSignal, task: Task): Promise<void> {
  let cause: unknown
  try {
    await task.run(signal)
  } catch (error) {
    cause = error
  }
  if (signal.aborted) return
  throw cause === undefined
    ? new Error(`the task ${task.name} ended before it was stopped`)
    : new Error(`the task ${task.name} failed`, { cause })
}

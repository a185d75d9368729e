import { setTimeout as wait } from 'node:timers/promises'
import type { Check } from '../server/health.ts'

/** How long tasks may take to end, in ms: those that heed their signal take much less. */
const LONGEST_END = 500

/** Something that runs beside the requests, for as long as the server does. */
export interface Task {
  readonly name: string
  /**
   * Runs until the signal. It logs what fails outside of this process, and tries again; an error that it throws, or an
   * end before the signal, is a fault of the program and ends the server. What it throws after the signal does not count.
   */
  run(signal: AbortSignal): Promise<void>
  /** What must hold before the API server sends reviews to this server; what has held once holds from then on. */
  readonly checks?: () => readonly Check[]
  /** What `/readyz?verbose` tells beside that; it does not count. */
  readonly remarks?: () => readonly Check[]
}

/** All tasks of a server: what starts them, and what stops them. */
export class Tasks {
  readonly #tasks: readonly Task[]
  readonly #stop = new AbortController()
  #ended: Promise<unknown> = Promise.resolve()

  constructor(tasks: readonly Task[]) {
    this.#tasks = tasks
  }

  /** The checks of all, in the order of the tasks. */
  readonly checks = (): Check[] => this.#tasks.flatMap(({ checks }) => checks?.() ?? [])

  readonly remarks = (): Check[] => this.#tasks.flatMap(({ remarks }) => remarks?.() ?? [])

  /**
   * Starts all, and resolves when all have been stopped.
   *
   * @throws Error that names the first task that fails or ends before that
   */
  async run(): Promise<void> {
    const running = this.#tasks.map((task) => runUntil(this.#stop.signal, task))
    this.#ended = Promise.allSettled(running)
    await Promise.all(running)
  }

  /** Stops all, and waits until they have ended, but not for one that hangs. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const waiting = new AbortController()
    const patience = wait(LONGEST_END, undefined, { signal: waiting.signal }).catch(() => {})
    await Promise.race([this.#ended, patience])
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

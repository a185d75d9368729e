import type { ChildProcess } from 'node:child_process'

/** The signals that end a process by default, and that a program which it started may not get. */
const ENDING = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const

const running = new Set<ChildProcess>()

/**
 * Starts a program that ends with this process, by whatever signal but SIGKILL this process ends. What else handles a signal decides
 * when the process ends.
 */
export function startChild<Child extends ChildProcess>(start: () => Child): Child {
  // First, because the program may run, and a signal arrive, before the start returns.
  if (running.size === 0) hold()
  try {
    const child = start()
    if (child.pid === undefined) return child
    running.add(child)
    child.once('exit', () => {
      running.delete(child)
      if (running.size === 0) release()
    })
    return child
  } finally {
    if (running.size === 0) release()
  }
}

function hold(): void {
  process.on('exit', endAll)
  for (const signal of ENDING) process.on(signal, endBy)
}

function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  endAll()
  release()
  process.kill(process.pid, signal)
}

/** Leaves the signals to the system again. */
function release(): void {
  process.off('exit', endAll)
  for (const signal of ENDING) process.off(signal, endBy)
}

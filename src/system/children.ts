import type { ChildProcess } from 'node:child_process'

/** The signals that end a process by default, and that a program which it started may not get. */
const ENDING = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const

const running = new Set<ChildProcess>()

/**
 * Ends a program with this process, by whatever signal but SIGKILL this process ends. What else handles a signal decides when
 * the process ends.
 */
export function endWithThisProcess(child: ChildProcess): void {
  if (child.pid === undefined) return
  if (running.size === 0) {
    process.on('exit', endAll)
    for (const signal of ENDING) process.on(signal, endBy)
  }
  running.add(child)
  child.once('exit', () => {
    running.delete(child)
    if (running.size === 0) release()
  })
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

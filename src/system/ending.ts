/** The signals that end a process by default. */
const ENDING = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const

/** What is done before this process ends. */
const last = new Set<() => void>()

let isHeld = false

/**
 * Calls a function before this process ends, also if a signal other than SIGKILL ends it. If something else handles the signal, that
 * decides when the process ends.
 *
 * @returns a function that undoes this
 */
export function beforeEnd(act: () => void): () => void {
  hold()
  last.add(act)
  return () => {
    last.delete(act)
    // A signal that has arrived is handled before that.
    setImmediate(() => last.size === 0 && release())
  }
}

function hold(): void {
  if (isHeld) return
  isHeld = true
  process.on('exit', actAll)
  for (const signal of ENDING) process.on(signal, endBy)
}

function actAll(): void {
  for (const act of last) act()
}

function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  actAll()
  release()
  process.kill(process.pid, signal)
}

/** Leaves the signals to the system again. */
function release(): void {
  isHeld = false
  process.off('exit', actAll)
  for (const signal of ENDING) process.off(signal, endBy)
}

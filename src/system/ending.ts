/** The signals that end a process by default. */
const ENDING = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const

/** What is done before this process ends. */
const last = new Set<() => void>()

/**
 * Does something before this process ends, by whatever signal but SIGKILL it ends. What else handles a signal decides when the
 * process ends.
 *
 * @returns what takes this back
 */
export function beforeEnd(act: () => void): () => void {
  if (last.size === 0) hold()
  last.add(act)
  return () => {
    if (last.delete(act) && last.size === 0) release()
  }
}

function hold(): void {
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
  process.off('exit', actAll)
  for (const signal of ENDING) process.off(signal, endBy)
}

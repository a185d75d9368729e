import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { beforeEnd } from './ending.ts'

/** How a program is started. */
interface Start {
  /** Whether it leads a session, and so a group of processes, of its own. */
  readonly detached: boolean
}

/**
 * Starts a program that ends with this process, with all that it has started. At a terminal, what it has started gets the signals of
 * the terminal, but not those of other processes: in a session of its own, a program could not ask the person at the terminal.
 */
export function startChild<Child extends ChildProcess>(start: (how: Start) => Child): Child {
  const detached = process.platform !== 'win32' && !hasTerminal()
  let child: Child | undefined
  // First, because the program may run, and a signal arrive, before the start returns.
  const over = beforeEnd(() => child && endChild(child))
  try {
    child = start({ detached })
    if (detached) leaders.add(child)
    child.once('exit', over)
    return child
  } finally {
    if (child?.pid === undefined) over()
  }
}

/** The programs that lead a group of processes. */
const leaders = new WeakSet<ChildProcess>()

/** Ends a program that runs, and what it has started if this is its group. */
export function endChild(child: ChildProcess): void {
  const { pid, exitCode, signalCode } = child
  // After its end, another program may have its number.
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  if (!leaders.has(child)) return void child.kill('SIGKILL')
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It runs as another user, so this process may not end it.
  }
}

/** Whether this process has a terminal, even if all of its streams are redirected. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** How a run of the `go` command ended. */
export interface GoResult {
  readonly succeeded: boolean
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs `go`. An abort kills it together with the compilers and linkers that it started.
 *
 * @param cwd the folder to run in; it decides which module is the main one
 * @param env variables on top of this process's own
 * @throws Error if there is no `go`; the signal's reason after an abort, once `go` is gone
 */
export async function go(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<GoResult> {
  signal?.throwIfAborted()
  // A process group of its own, which can be killed as a whole.
  const child = spawn('go', args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = (): void => killGroup(child.pid)
  signal?.addEventListener('abort', kill)
  process.on('exit', kill)
  try {
    const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
    signal?.throwIfAborted()
    return { succeeded: code === 0, stdout, stderr }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new Error(MISSING, { cause: error }) : error
  } finally {
    signal?.removeEventListener('abort', kill)
    process.off('exit', kill)
  }
}

const MISSING =
  'the test control plane needs the `go` command, which is not in PATH: install Go 1.26 or newer (https://go.dev/dl)'

function killGroup(leader: number | undefined): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

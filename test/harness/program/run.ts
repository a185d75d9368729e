import { execFile } from 'node:child_process'

/** The most that a program may print on either stream, in bytes. */
const MOST_OUTPUT = 64 * 1024 * 1024

/** How a process ended, and what it printed. */
export interface Result {
  /** NaN if it did not end by itself. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly cwd?: string
  /** Environment variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Ends it with SIGKILL. */
  readonly signal?: AbortSignal
}

/**
 * Runs a program, and waits until it and all that it started have ended; whatever its exit code, that is a result.
 *
 * @throws Error if it cannot be started
 */
export function run(
  program: string,
  argv: readonly string[],
  { input = '', cwd = '.', env = {}, signal }: RunOptions = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const options = {
      ...{ cwd, env: { ...process.env, ...env }, maxBuffer: MOST_OUTPUT },
      ...{ killSignal: 'SIGKILL' as const, ...(signal && { signal }) },
    }
    const child = execFile(program, argv, options, (error, stdout, stderr) => {
      if (error && child.pid === undefined) reject(error)
      else resolve({ code: error ? Number(error.code ?? Number.NaN) : 0, stdout, stderr })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

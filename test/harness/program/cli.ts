import { execFile } from 'node:child_process'
import path from 'node:path'

const PROGRAM = path.join(import.meta.dirname, '..', '..', '..', 'src', 'cli.ts')

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface RunOptions {
  readonly input?: string
  readonly cwd?: string
  /** Environment variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** What the program is started by, such as `setpriv` and its arguments; nothing by default. */
  readonly under?: readonly string[]
  /** Ends it with SIGKILL. */
  readonly signal?: AbortSignal
}

/** Runs `refgrant` as a process of its own, and waits until it and all that it started have ended. */
export function refgrant(
  argv: readonly string[],
  { input = '', cwd = '.', env = {}, under = [], signal }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const [program = process.execPath, ...rest] = [...under, process.execPath, PROGRAM, ...argv]
    const options = {
      ...{ cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 },
      ...{ killSignal: 'SIGKILL' as const, ...(signal && { signal }) },
    }
    const child = execFile(program, rest, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
    child.stdin?.end(input)
  })
}

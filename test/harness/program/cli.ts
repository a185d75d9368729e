import path from 'node:path'
import { type Result, type RunOptions, run } from './run.ts'

/** The command line's source, which Node runs as it is. */
export const CLI = path.join(import.meta.dirname, '..', '..', '..', 'src', 'cli.ts')

interface CommandOptions extends RunOptions {
  /** What the program is started by, such as `setpriv` and its arguments; nothing by default. */
  readonly under?: readonly string[]
}

/** Runs `refgrant` as a process of its own, and waits until it and all that it started have ended. */
export function refgrant(argv: readonly string[], { under = [], ...options }: CommandOptions = {}): Promise<Result> {
  const [program = process.execPath, ...rest] = [...under, process.execPath, CLI, ...argv]
  return run(program, rest, options)
}

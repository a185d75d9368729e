import { execFile } from 'node:child_process'

/** How a process ended, and what it printed. */
export interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; whatever its exit code, that is a result. */
export function run(program: string, argv: readonly string[], input = ''): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, argv, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error)
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

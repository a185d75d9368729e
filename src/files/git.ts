import { outputOf } from './program.ts'

/** The settings of git for a program: it never asks, and never locks the repository of the user. */
const ENV = { GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' }

/**
 * Runs the user's git, and yields what it prints.
 *
 * @param input what git reads from standard input
 * @throws ProgramError
 */
export function git(args: readonly string[], input = ''): AsyncGenerator<Buffer> {
  return outputOf('git', args, { input, env: ENV })
}

/** Runs git, and returns what it prints as text, without the last line end. */
export async function gitText(...args: readonly string[]): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of git(args)) chunks.push(chunk)
  return Buffer.concat(chunks).toString().replace(/\n$/, '')
}

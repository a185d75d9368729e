import { outputOf, ProgramError } from './program.ts'

/**
 * The settings of git for a program: it never asks, never locks the repository of the user, and never fetches what a partial
 * clone lacks, since the configuration of the repository names the command that fetches. git before 2.45 does not know
 * GIT_NO_LAZY_FETCH, but refuses every protocol that is not in a list.
 */
const ENV = { GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none' }

/** Removes the variables that name the repository, which a hook of git sets: they would count for a submodule too. */
const WITHOUT_REPOSITORY = {
  GIT_DIR: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
}

/**
 * Runs the user's git, and yields what it prints.
 *
 * @param input what git reads from standard input
 * @param submodule the folder of a submodule; default: the repository of the current folder
 * @throws ProgramError
 */
export function git(args: readonly string[], input = '', submodule?: string): AsyncGenerator<Buffer> {
  return submodule === undefined
    ? outputOf('git', args, { input, env: ENV })
    : outputOf('git', ['-C', submodule, ...args], { input, env: { ...ENV, ...WITHOUT_REPOSITORY } })
}

/** Runs git, and returns what it prints as text, without the last line end. */
export function gitText(...args: readonly string[]): Promise<string> {
  return textOf(git(args))
}

/** Returns what git prints as text, without the last line end. */
export async function textOf(printed: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of printed) chunks.push(chunk)
  return Buffer.concat(chunks).toString().replace(/\n$/, '')
}

/** Returns whether the repository is a partial clone, which may lack the content of files. */
export async function isPartialClone(): Promise<boolean> {
  try {
    return (await gitText('config', '--get-regexp', String.raw`^remote\..*\.promisor$`)) !== ''
  } catch (error) {
    if (error instanceof ProgramError) return false
    throw error
  }
}

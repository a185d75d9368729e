import { spawn } from 'node:child_process'
import { reasonOf } from '../system/reason.ts'
import { visible } from '../wording/quote.ts'

/** Why git could not do something, in words for a message. */
export class GitError extends Error {}

/** The settings of git for a program: it never asks, and never locks the repository of the user. */
const ENV = { GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' }

/**
 * Runs the user's git, and yields what it prints.
 *
 * @param input what git reads from standard input
 * @throws GitError if git cannot be started, or fails
 */
export async function* git(args: readonly string[], input = ''): AsyncGenerator<Buffer> {
  const child = spawn('git', args, { env: { ...process.env, ...ENV }, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  ended.catch(() => {})
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(0, 1_000)
  })
  // A git that fails does not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  try {
    yield* child.stdout as AsyncIterable<Buffer>
    const code = await ended
    if (code !== 0) throw new GitError(visible(complaint.trim().split('\n').at(-1) ?? '') || `git exits with ${code}`)
  } catch (error) {
    if (error instanceof GitError) throw error
    throw new GitError(`git cannot be run: ${reasonOf(error)}`, { cause: error })
  } finally {
    child.kill()
  }
}

/** Runs git, and returns what it prints as text, without the last line end. */
export async function gitText(...args: readonly string[]): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of git(args)) chunks.push(chunk)
  return Buffer.concat(chunks).toString().replace(/\n$/, '')
}

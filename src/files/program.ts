import { spawn } from 'node:child_process'
import { endChild, startChild } from '../system/children.ts'
import { reasonOf } from '../system/reason.ts'
import { visible } from '../wording/quote.ts'

/** Why a program could not do its work, in words for a message: the last that it wrote to standard error. */
export class ProgramError extends Error {
  /** Whether there is no such program. */
  readonly isMissing: boolean

  constructor(message: string, isMissing = false) {
    super(message)
    this.isMissing = isMissing
  }
}

interface ProgramOptions {
  /** What the program reads from standard input. */
  readonly input?: string
  /** Environment variables beside those of this process, which the program does not get if undefined. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Runs a program without a shell, and yields what it prints.
 *
 * @throws ProgramError if it cannot be started, or fails
 */
export async function* outputOf(
  program: string,
  args: readonly string[],
  { input = '', env = {} }: ProgramOptions = {},
): AsyncGenerator<Buffer> {
  const child = startChild((how) =>
    spawn(program, args, { ...how, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] }),
  )
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  ended.catch(() => {})
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-4_000)
  })
  // A program that fails does not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  try {
    yield* child.stdout as AsyncIterable<Buffer>
    const code = await ended
    const said = visible(lastOf(complaint.trim()))
    if (code !== 0) throw new ProgramError(said || `${program} exits with ${code}`)
  } catch (error) {
    if (error instanceof ProgramError) throw error
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new ProgramError(`${program} cannot be run: ${reasonOf(error)}`, isMissing)
  } finally {
    endChild(child)
  }
}

/** How a line begins that begins a message: of git, kubectl and kustomize, and of the kubectl of Google Cloud, which logs it. */
const BEGIN = /^(?:fatal|error|Error): |^E\d{4} /

/** Returns the last message, which may have several lines, on one line; without a beginning, the last line. */
function lastOf(complaint: string): string {
  const lines = complaint.split('\n')
  const message = lines.slice(lines.findLastIndex((line) => BEGIN.test(line)))
  return message.join(' ').replace(/\s+/g, ' ')
}

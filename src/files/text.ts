import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

const MIB = 1024 * 1024

/** Most of one file, pipe or standard input that is read, in bytes: about as much YAML as memory holds. */
const LARGEST_FILE = 64 * MIB

/** How standard input is called, as a path and in messages. */
export const STDIN = '-'

/** Why a file or a folder cannot be read, in words that follow its name. */
export class Unreadable extends Error {}

/**
 * The content of a path that somebody named: a file, a pipe, a device or standard input.
 *
 * @throws Unreadable
 */
export async function readNamed(path: string): Promise<Buffer> {
  if (path === STDIN) return collect(process.stdin as AsyncIterable<Buffer>)
  return withFile(path, constants.O_RDONLY, (file) => collect(file.createReadStream({ autoClose: false })))
}

/**
 * The content of a regular file that was found in a folder. What has taken its place meanwhile is not waited for.
 *
 * @throws Unreadable
 */
export async function readFound(path: string): Promise<Buffer> {
  return withFile(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW, async (file) => {
    refuseOther(await file.stat())
    return collect(file.createReadStream({ autoClose: false }))
  })
}

/** @throws Unreadable for what is no regular file, or too large */
function refuseOther(stats: Stats): void {
  if (!stats.isFile()) throw new Unreadable('is no regular file')
  if (stats.size > LARGEST_FILE) throw new Unreadable(TOO_LARGE)
}

/** The text of a file: UTF-8, or UTF-16 with a byte order mark, as kubectl reads it. What is neither is replaced by U+FFFD. */
export function decoded(content: Buffer): string {
  const mark = content.subarray(0, 2).toString('hex')
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(content)
}

const TOO_LARGE = `is larger than ${LARGEST_FILE / MIB} MiB, which is the most that is read of one file`

async function withFile<T>(path: string, flags: number, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined
  try {
    file = await open(path, flags)
    return await use(file)
  } catch (error) {
    throw unreadable(error)
  } finally {
    await file?.close()
  }
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > LARGEST_FILE) throw new Unreadable(TOO_LARGE)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const REASONS: Record<string, string> = {
  ENOENT: 'does not exist',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  ELOOP: 'is a link that leads back to itself',
  ENOTDIR: 'is no folder',
  EISDIR: 'is a folder',
  ENAMETOOLONG: 'has a name that is too long',
}

/** An error of the file system in words that follow the name of the file or the folder. */
export function unreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error
  const { code, message } = error as NodeJS.ErrnoException
  return new Unreadable(REASONS[code ?? ''] ?? `cannot be read: ${message}`, { cause: error })
}

/** Whether an error says that a file or a folder is not there, or not any more. */
export function isGone(error: unknown): boolean {
  return (unreadable(error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
}

import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, type StatsBase } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { reasonOf } from '../system/reason.ts'

const MIB = 1024 * 1024

/** The maximum size of a file, a pipe or standard input, in bytes: about as much YAML as fits into memory. */
export const LARGEST_FILE = 64 * MIB

/** The name of standard input, as a path and in messages. */
export const STDIN = '-'

/** Why a file or a folder cannot be read, in words that follow its name. */
export class Unreadable extends Error {}

/**
 * Reads a path from the command line: a file, a pipe, a device or standard input.
 *
 * @throws Unreadable
 */
export async function readNamed(path: string): Promise<Buffer> {
  if (path === STDIN && process.stdin.readableEnded)
    throw new Unreadable('is given twice: standard input has one content')
  if (path === STDIN) return collect(process.stdin as AsyncIterable<Buffer>)
  return withFile(path, constants.O_RDONLY, (file) => collect(file.createReadStream({ autoClose: false })))
}

/**
 * Reads a regular file that was found in a folder. Does not block if a pipe has replaced the file in the meantime.
 *
 * @throws Unreadable
 */
export async function readFound(path: string): Promise<Buffer> {
  return withFile(path, FOUND, async (file) => {
    refuseOther(await file.stat())
    return collect(file.createReadStream({ autoClose: false }))
  })
}

/**
 * Does the same without a pause, for a command that does nothing else meanwhile: with many small files, most of their time
 * would be that of the pauses.
 *
 * @throws Unreadable
 */
export function readFoundAtOnce(path: string): Buffer {
  let file: number | undefined
  try {
    file = openSync(path, FOUND)
    refuseOther(fstatSync(file))
    return readFileSync(file)
  } catch (error) {
    throw unreadable(error)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

const FOUND = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

/** Returns why what is found in a folder is not read, in words that follow its name; undefined for a regular file. */
export function whyOther(stats: StatsBase<number> | StatsBase<bigint>): string | undefined {
  if (stats.isFile()) return undefined
  const what = stats.isFIFO() ? 'a pipe' : stats.isSocket() ? 'a socket' : stats.isDirectory() ? 'a folder' : 'a device'
  return `is ${what}: refgrant reads only regular files`
}

/** @throws Unreadable if a file is not a regular file, or too large */
function refuseOther(stats: Stats): void {
  const why = whyOther(stats)
  if (why !== undefined) throw new Unreadable(why)
  if (stats.size > LARGEST_FILE) throw new Unreadable(TOO_LARGE)
}

/** Decodes a file as kubectl does: UTF-8, or UTF-16 with a byte order mark. Replaces invalid bytes by U+FFFD. */
export function decoded(content: Buffer): string {
  const mark = content.subarray(0, 2).toString('hex')
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(content)
}

const TOO_LARGE = `exceeds the limit of ${LARGEST_FILE / MIB} MiB for a file`

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

/** @throws Unreadable if the content is too large */
export async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
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
  ENOTDIR: 'is not a folder',
  EISDIR: 'is a folder',
  ENAMETOOLONG: 'has a name that is too long',
  ENXIO: 'is a socket or a device that cannot be read: name a regular file or a pipe, or - for standard input',
}

/** Converts an error of the file system into words that follow the name of the file or the folder. */
export function unreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error
  const { code } = error as NodeJS.ErrnoException
  return new Unreadable(REASONS[code ?? ''] ?? `cannot be read: ${reasonOf(error)}`, { cause: error })
}

/** Whether an error says that a file or a folder does not exist. */
export function isGone(error: unknown): boolean {
  return (unreadable(error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
}

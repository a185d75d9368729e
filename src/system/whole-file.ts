import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { beforeEnd } from './ending.ts'

/** Errors of a folder that takes no new file, and of a file that no other may replace, such as a mount point. */
const FIXED = ['EACCES', 'EBUSY', 'EPERM', 'EROFS', 'EXDEV']

/**
 * Writes all of a file or nothing: after a failure, a file has what it had before, or is empty if it cannot be replaced. A device, a
 * pipe and a link, such as /dev/stdout, are written into.
 *
 * @throws an error of the system
 */
export function writeWhole(file: string, content: string): void {
  const stats = lstatSync(file, { throwIfNoEntry: false })
  if (stats && !isReplaceable(stats)) writeInto(file, content)
  else
    try {
      replace(file, stats?.mode, content)
    } catch (error) {
      if (!stats || !FIXED.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      writeInto(file, content)
    }
}

/** Whether another file in place of this one would change nothing but the content. */
const isReplaceable = (stats: Stats) => stats.isFile() && stats.nlink === 1 && stats.uid === process.geteuid?.()

/** @param mode of the file that is replaced */
function replace(file: string, mode: number | undefined, content: string): void {
  const beside = path.join(path.dirname(file), `.refgrant-${randomBytes(6).toString('hex')}`)
  // A signal waits until the file is written, or removed.
  const over = beforeEnd(() => {})
  try {
    const descriptor = openSync(beside, 'wx')
    try {
      if (mode !== undefined) fchmodSync(descriptor, mode)
      writeFileSync(descriptor, content)
    } finally {
      closeSync(descriptor)
    }
    renameSync(beside, file)
  } finally {
    rmSync(beside, { force: true })
    over()
  }
}

function writeInto(file: string, content: string): void {
  const descriptor = openSync(file, 'w')
  try {
    writeFileSync(descriptor, content)
  } catch (error) {
    // A part could be taken for the whole.
    if (fstatSync(descriptor).isFile()) ftruncateSync(descriptor)
    throw error
  } finally {
    closeSync(descriptor)
  }
}

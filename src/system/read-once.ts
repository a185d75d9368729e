import { closeSync, constants, openSync, readSync, statSync } from 'node:fs'

const MIB = 1024 * 1024

/** The most that is read, in bytes: any configuration, kubeconfig or report is smaller. */
const MOST = 64 * MIB

/**
 * Reads what an option names: a file, a device, or a pipe such as `<(program)`. A second read of a pipe finds nothing.
 *
 * @throws Error if it is too large, or a pipe that no program writes to, which would keep the command waiting forever
 */
export function readOnce(file: string): Buffer {
  if (!statSync(file).isFIFO()) return wholeOf(file)
  const pipe = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const begin = beginningOf(pipe)
    // The pipe stays open until the end, so that its writer has a reader all the time.
    return Buffer.concat([begin, wholeOf(file)])
  } finally {
    closeSync(pipe)
  }
}

/** Returns what is in a pipe already. */
function beginningOf(pipe: number): Buffer {
  const piece = Buffer.alloc(MIB)
  try {
    const length = readSync(pipe, piece)
    if (length > 0) return piece.subarray(0, length)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return Buffer.alloc(0)
    throw error
  }
  throw new Error('no program writes to this pipe: start the program first, or name a file')
}

function wholeOf(file: string): Buffer {
  const descriptor = openSync(file, constants.O_RDONLY)
  try {
    const pieces: Buffer[] = []
    for (let total = 0; ; ) {
      const piece = Buffer.alloc(MIB)
      const length = readSync(descriptor, piece)
      if (length === 0) return Buffer.concat(pieces)
      total += length
      if (total > MOST) throw new Error(`it has more than ${MOST / MIB} MiB, the limit for a file`)
      pieces.push(piece.subarray(0, length))
    }
  } finally {
    closeSync(descriptor)
  }
}

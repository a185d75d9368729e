import { git } from './git.ts'
import { ProgramError } from './program.ts'
import { LARGEST_FILE } from './text.ts'

/** The content of a file in git. */
export interface Blob {
  readonly hash: string
  /** Undefined if it is too large to be read. */
  readonly content: Buffer | undefined
}

/**
 * Yields the contents of files, as `git cat-file --batch` prints them: a line with the size, the content, a line end. Each
 * byte is copied once, however large a content is.
 *
 * @param submodule the folder of a submodule; default: the repository of the current folder
 * @throws ProgramError if git fails, or does not have a content
 */
export async function* blobs(hashes: readonly string[], submodule?: string): AsyncGenerator<Blob> {
  let line = ''
  let current: Arriving | undefined
  const input = hashes.map((hash) => `${hash}\n`).join('')
  for await (const chunk of git(['cat-file', '--batch'], input, submodule)) {
    for (let rest: Buffer = chunk; rest.length > 0; ) {
      if (!current) {
        const end = rest.indexOf('\n')
        line += rest.toString('latin1', 0, end < 0 ? rest.length : end)
        if (end < 0) break
        current = arriving(line)
        line = ''
        rest = rest.subarray(end + 1)
      }
      const part = rest.subarray(0, current.left)
      rest = rest.subarray(part.length)
      current.left -= part.length
      if (current.size <= LARGEST_FILE) current.parts.push(part)
      if (current.left > 0) continue
      yield whole(current)
      current = undefined
    }
  }
}

interface Arriving {
  readonly hash: string
  readonly size: number
  readonly parts: Buffer[]
  /** The bytes that have not arrived, with the line end. */
  left: number
}

function arriving(line: string): Arriving {
  const [hash = '', type, text] = line.split(' ')
  if (type !== 'blob') throw new ProgramError(`git does not have the content of ${hash}`)
  const size = Number(text)
  return { hash, size, parts: [], left: size + 1 }
}

function whole({ hash, size, parts }: Arriving): Blob {
  return { hash, content: size <= LARGEST_FILE ? Buffer.concat(parts).subarray(0, size) : undefined }
}

import { decoded, readNamed, STDIN, unreadable } from '../files/text.ts'
import { Failure } from '../system/failure.ts'
import { readOnce } from '../system/read-once.ts'
import { bare } from '../wording/quote.ts'

/**
 * Reads the text of a file that an option names.
 *
 * @throws Failure if it cannot be read
 */
export async function namedText(file: string): Promise<string> {
  try {
    return decoded(file === STDIN ? await readNamed(file) : readOnce(file))
  } catch (error) {
    throw new Failure(`${bare(file)}: ${unreadable(error).message}`, { cause: error })
  }
}

import { InvalidArgumentError } from 'commander'
import { Failure } from '../system/failure.ts'
import { didYouMean } from './usage.ts'

/**
 * Parses a list of words with commas.
 *
 * @param expected what the list may be, for the error
 * @throws InvalidArgumentError if a word is not one of the known ones
 */
export function listed(text: string, known: readonly string[], expected: string): string[] {
  const words = text.split(',').map((word) => word.trim())
  const unknown = words.find((word) => !known.includes(word))
  if (unknown !== undefined) throw new InvalidArgumentError(`${expected}${didYouMean(unknown, known)}`)
  return words
}

/**
 * Refuses a list for `--fail-on` with `none` and something else.
 *
 * @throws Failure
 */
export function refuseNoneBeside(words: readonly string[]): void {
  const other = words.find((word) => word !== 'none')
  if (words.includes('none') && other !== undefined)
    throw new Failure(`--fail-on takes none or ${other}, not both: leave one of them out`)
}

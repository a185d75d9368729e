import { DocumentError } from './stream.ts'

/**
 * The most values that the aliases of one text may stand for. Later steps walk through an alias as through a copy of its
 * value, and a few lines of aliases to aliases can stand for more values than fit into memory.
 */
const MOST = 1_000_000

/** How many values the aliases of one text have stood for so far. */
export interface Aliases {
  values: number
}

/** Counts the values of one more alias. */
export function countAlias(aliases: Aliases, size: number, line: number): void {
  aliases.values += size
  if (aliases.values > MOST)
    throw new DocumentError(
      line,
      `the aliases (*NAME) up to this line repeat more than ${MOST.toLocaleString('en')} values: split the file, or repeat less`,
    )
}

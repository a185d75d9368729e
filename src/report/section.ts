import { counted } from '../wording/counted.ts'
import { table } from './table.ts'

/** Rows of a table; iterated twice. */
export type Rows = Iterable<readonly string[]>

/** Returns rows that are generated again for each iteration. */
const rowsOf = <T>(items: readonly T[], rows: (item: T) => Rows): Rows => ({
  *[Symbol.iterator]() {
    for (const item of items) yield* rows(item)
  },
})

/** `1 grant that nothing uses`, `2 grants that nothing uses`. */
export const countedThat = (count: number, one: string, that: string) => `${counted(count, one)} that ${that}`

/** Prints a heading and a table; nothing if there are no items. */
export function* section<T>(
  heading: string,
  head: readonly string[],
  items: readonly T[],
  rows: (item: T) => Rows,
): Generator<string> {
  if (items.length === 0) return
  yield `\n${heading}\n\n`
  yield* table(head, rowsOf(items, rows))
}

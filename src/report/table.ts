/** The maximum width of a column, in characters. A longer cell shifts only its own row. */
const WIDEST = 80

/**
 * Yields the lines of a table with aligned columns, two spaces apart.
 *
 * @param rows iterated twice
 */
export function* table(head: readonly string[], rows: Iterable<readonly string[]>): Generator<string> {
  const widths = head.map((title) => title.length)
  for (const row of rows)
    for (const [column, cell] of row.entries())
      if (cell.length <= WIDEST) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  yield line(head, widths)
  for (const row of rows) yield line(row, widths)
}

function line(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
  return `${cells.join('  ').trimEnd()}\n`
}

import type { TestEvent } from 'node:test/reporters'

/** What a scenario says of itself: `NAME: 7 reviews, 0 wrong, and more`. */
const LINE = /^(?<name>.+): (?<reviews>\d+) reviews, (?<wrong>\d+) wrong, (?<more>.+)$/

/** A reporter of node:test that makes a table of what scenarios say of themselves, by file. */
// biome-ignore lint/style/noDefaultExport: node:test takes a reporter's default export
export default async function* faultTable(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const rows = new Map<string, string[]>()
  for await (const { type, data } of events) {
    if (type !== 'test:diagnostic') continue
    const { name, reviews, wrong, more } = LINE.exec(data.message)?.groups ?? {}
    const file = data.file ?? ''
    if (name) rows.set(file, [...(rows.get(file) ?? []), `| ${name} | ${reviews} | ${wrong} | ${more} |\n`])
  }
  yield '| fault | reviews | wrong answers | details |\n|---|---|---|---|\n'
  for (const [, lines] of [...rows].sort(([one], [other]) => one.localeCompare(other))) yield lines.join('')
}

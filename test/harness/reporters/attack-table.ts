import type { TestEvent } from 'node:test/reporters'

/** What an attack says of itself: its name, and what was measured (test/attacks/siege.ts). */
const LINE =
  /^(?<name>.+): (?<end>lives|DEAD \(\w+\)), peak (?<peak>\d+ MiB), kept (?<kept>.+), worst \/livez (?<livez>.+), neighbour: (?<neighbour>.+)$/

/** A reporter of node:test that makes a table of what attacks did. */
// biome-ignore lint/style/noDefaultExport: node:test takes a reporter's default export
export default async function* attackTable(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  yield '| attack | the server | peak memory | worst /livez | its neighbour | kept |\n|---|---|---|---|---|---|\n'
  for await (const { type, data } of events) {
    const said = type === 'test:diagnostic' ? LINE.exec(data.message)?.groups : undefined
    if (said) yield `| ${said.name} | ${said.end} | ${said.peak} | ${said.livez} | ${said.neighbour} | ${said.kept} |\n`
  }
}

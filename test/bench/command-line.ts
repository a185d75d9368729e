import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { folderWith } from '../harness/folders.ts'
import { reviewOf } from './bodies.ts'
import { type Figure, ratiosOf, roundsOf, spreadOf, tell } from './figures.ts'

const ROUNDS = roundsOf(5)
const ROUTES = 2_000

/** Measures `check` and `audit` of many routes beside a parse of the same text, and the start of a command beside that of Node. */
export async function commandLine(): Promise<Figure[]> {
  const { object } = JSON.parse(reviewOf({})).request
  const named = (at: number) => ({ ...object, metadata: { name: `route-${at}`, namespace: 'app' } })
  const folder = folderWith({
    'routes.yaml': Array.from({ length: ROUTES }, (_, at) => JSON.stringify(named(at))).join('\n---\n'),
  })
  const parse = `import { parseAllDocuments } from 'yaml'; import { readFileSync } from 'node:fs'
    for (const one of parseAllDocuments(readFileSync('${path.join(folder, 'routes.yaml')}', 'utf8'))) one.toJS()`
  const commands: Record<string, readonly string[]> = {
    'node -e 0': ['-e', '0'],
    'refgrant catalogue': ['dist/refgrant.js', 'catalogue'],
    yaml: ['--input-type=module', '-e', parse],
    'refgrant check': ['dist/refgrant.js', 'check', folder],
    'refgrant audit': ['dist/refgrant.js', 'audit', folder],
  }
  const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]))
  for (let round = 1; round <= ROUNDS; round += 1)
    for (const [name, argv] of Object.entries(commands)) {
      tell(`command line: round ${round} of ${ROUNDS}, ${name}`)
      times.get(name)?.push(await cpuOf(argv))
    }
  const figure = (row: string, name: string, to?: string): Figure => {
    const values = times.get(name) ?? []
    const ratio =
      to === undefined ? {} : { ratio: { of: `${name} / ${to}`, value: ratiosOf(values, times.get(to) ?? []) } }
    return { row, program: name, unit: 'CPU ms', value: spreadOf(values), ...ratio }
  }
  return [
    figure('start of a command', 'node -e 0'),
    figure('start of a command', 'refgrant catalogue', 'node -e 0'),
    figure(`${ROUTES.toLocaleString('en')} routes in a file`, 'yaml'),
    figure(`${ROUTES.toLocaleString('en')} routes in a file`, 'refgrant check', 'yaml'),
    figure(`${ROUTES.toLocaleString('en')} routes in a file`, 'refgrant audit', 'yaml'),
  ]
}

/** Runs Node to its end, and returns its CPU time, in ms. */
async function cpuOf(argv: readonly string[]): Promise<number> {
  const told =
    "process.on('exit', () => { const { user, system } = process.cpuUsage(); require('fs').writeSync(3, String(user + system)) })"
  const preload = path.join(folderWith({ 'tell.cjs': told }), 'tell.cjs')
  const child = spawn(process.execPath, ['--require', preload, ...argv], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stdio[3]?.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return Number(text) / 1_000
}

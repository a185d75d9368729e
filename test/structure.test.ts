import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parseSync, Visitor } from 'oxc-parser'

/** What each room may import, its own files aside. */
const ROOMS: Record<string, readonly string[]> = {
  policy: [],
  json: [],
  system: [],
  wording: ['policy'],
  yaml: ['policy', 'wording'],
  admission: ['policy', 'wording'],
  cluster: ['admission', 'json', 'policy', 'system', 'wording'],
  files: ['admission', 'policy', 'system', 'wording', 'yaml'],
  server: ['admission', 'json', 'policy', 'system', 'wording'],
  manifests: ['admission', 'policy', 'wording'],
  certificates: ['system', 'wording'],
  report: ['admission', 'policy', 'wording'],
  config: ['admission', 'policy', 'system', 'wording', 'yaml'],
  runtime: [
    'admission',
    'certificates',
    'cluster',
    'config',
    'files',
    'manifests',
    'policy',
    'server',
    'system',
    'wording',
  ],
  terminal: ['admission', 'certificates', 'manifests', 'policy', 'system', 'wording'],
  input: [
    'certificates',
    'cluster',
    'config',
    'files',
    'manifests',
    'policy',
    'report',
    'runtime',
    'system',
    'terminal',
    'wording',
  ],
  commands: [
    'admission',
    'certificates',
    'cluster',
    'config',
    'input',
    'manifests',
    'policy',
    'report',
    'runtime',
    'system',
    'terminal',
    'wording',
  ],
  cli: ['commands', 'system', 'terminal'],
}

/** The longest that a function may be, in lines: what a screen shows. */
const LONGEST_FUNCTION = 50

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const textOf = (file: string) => readFileSync(path.join('src', file), 'utf8')

/** What a text imports, in whatever way; undefined for what only a run would tell. */
function importsOf(text: string): (string | undefined)[] {
  const modules: (string | undefined)[] = []
  const take = (source: object | null) => {
    if (source) modules.push('value' in source ? String(source.value) : undefined)
  }
  new Visitor({
    ImportDeclaration: ({ source }) => take(source),
    ExportNamedDeclaration: ({ source }) => take(source),
    ExportAllDeclaration: ({ source }) => take(source),
    ImportExpression: ({ source }) => take(source),
    TSImportType: ({ source }) => take(source),
    TSExternalModuleReference: ({ expression }) => take(expression),
    CallExpression({ callee, arguments: [source] }) {
      if (callee.type === 'Identifier' && callee.name === 'require') take(source ?? {})
    },
  }).visit(parseSync('text.ts', text).program)
  return modules
}

/** The functions of a text: where each begins, and how long it is, in lines. */
function functionsOf(text: string): { readonly line: number; readonly lines: number }[] {
  const functions: { line: number; lines: number }[] = []
  const linesIn = (start: number, end: number) => text.slice(start, end).split('\n').length
  const take = ({ start, end }: { start: number; end: number }) =>
    functions.push({ line: linesIn(0, start), lines: linesIn(start, end) })
  new Visitor({ FunctionDeclaration: take, FunctionExpression: take, ArrowFunctionExpression: take }).visit(
    parseSync('text.ts', text).program,
  )
  return functions
}

for (const file of files) {
  const [room = ''] = file.includes(path.sep) ? file.split(path.sep) : ['cli']
  test(`${file} imports only what its room may`, () => {
    const allowed = ROOMS[room]
    assert.ok(allowed, `the room ${room} is not in the table`)
    for (const module of importsOf(textOf(file))) {
      assert.ok(module !== undefined, `${file} imports what only a run tells`)
      // Its version is told by who runs.
      if (path.join(path.dirname(file), module) === '../package.json') continue
      if (!module.startsWith('.')) assert.notEqual(room, 'policy', `the rule imports ${module}`)
      const [target = ''] = path.join(path.dirname(file), module).split(path.sep)
      if (module.startsWith('.')) assert.ok(target === room || allowed.includes(target), `${file} imports ${module}`)
    }
  })
}

test('every form of import is found', () => {
  const text = `
    import './a'; import b from "./b"; import type { C } from './c'; export { d } from './d'; export * from './e'
    const f = () => import('./f'); type G = import('./g').G; import h = require('./h'); const i = require('./i')
    import(f); // import './k'`
  assert.deepEqual(
    importsOf(text).map((module) => module?.slice(2)),
    [...'abcdefghi', undefined],
  )
})

test('no source file is longer than 250 lines', () => {
  assert.ok(files.length > 0)
  for (const file of files) assert.ok(textOf(file).split('\n').length <= 251, file)
})

test('commands/ has one file for each command, shorter than 100 lines', () => {
  const commands = files.filter((file) => file.startsWith(`commands${path.sep}`))
  const named = [...textOf('cli.ts').matchAll(/import\('\.\/(commands\/\w+\.ts)'\)/g)].map(([, file]) =>
    path.normalize(file ?? ''),
  )
  assert.deepEqual(commands.toSorted(), named.toSorted())
  for (const file of commands) assert.ok(textOf(file).split('\n').length <= 100, file)
})

test(`no function is longer than ${LONGEST_FUNCTION} lines`, () => {
  for (const file of files)
    for (const { line, lines } of functionsOf(textOf(file)))
      assert.ok(lines <= LONGEST_FUNCTION, `src/${file}:${line} has a function of ${lines} lines`)
})

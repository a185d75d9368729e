import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

/** What each room may import, its own files aside. */
const ROOMS: Record<string, readonly string[]> = {
  policy: [],
  json: [],
  system: [],
  wording: ['policy'],
  admission: ['policy', 'wording'],
  cluster: ['admission', 'json', 'policy', 'system', 'wording'],
  files: ['admission', 'json', 'policy', 'wording'],
  server: ['admission', 'json', 'policy', 'system', 'wording'],
  manifests: ['admission', 'policy'],
  certificates: [],
  report: ['admission', 'policy', 'wording'],
  config: ['admission', 'cluster', 'files', 'json', 'policy', 'system', 'wording'],
  commands: [
    'admission',
    'certificates',
    'cluster',
    'config',
    'files',
    'manifests',
    'policy',
    'report',
    'server',
    'system',
    'wording',
  ],
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const importsOf = (file: string) =>
  [...readFileSync(path.join('src', file), 'utf8').matchAll(/(?:from |import\()'([^']+)'/g)].map(
    ([, module]) => module as string,
  )

for (const file of files.filter((file) => file.includes(path.sep))) {
  const [room = ''] = file.split(path.sep)
  test(`${file} imports only what its room may`, () => {
    const allowed = ROOMS[room]
    assert.ok(allowed, `the room ${room} is not in the table`)
    for (const module of importsOf(file)) {
      // Its version is told by who runs.
      if (module === '../../package.json') continue
      if (!module.startsWith('.')) assert.notEqual(room, 'policy', `the rule imports ${module}`)
      const [target = ''] = path.join(path.dirname(file), module).split(path.sep)
      if (module.startsWith('.')) assert.ok(target === room || allowed.includes(target), `${file} imports ${module}`)
    }
  })
}

test('no source file is longer than 300 lines', () => {
  assert.ok(files.length > 0)
  for (const file of files) assert.ok(readFileSync(path.join('src', file), 'utf8').split('\n').length <= 300, file)
})

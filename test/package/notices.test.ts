import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { noticesFor } from '../../.build/notices.ts'
import { folderWith } from '../harness/folders.ts'

/** What a bundle is made of, as esbuild tells it. */
const metafile = (...files: string[]) => ({
  inputs: {},
  outputs: {
    'a.mjs': {
      bytes: 0,
      imports: [],
      exports: [],
      inputs: Object.fromEntries(files.map((file) => [file, { bytesInOutput: 1 }])),
    },
  },
})
const manifest = (name: string) => JSON.stringify({ name, version: '1.0.0', license: 'MIT', author: 'A. Author' })

test('packages with the same terms share a notice, and one without terms has its licence and author', async () => {
  const folder = folderWith({
    'node_modules/one/package.json': manifest('one'),
    'node_modules/one/LICENSE.md': 'The terms.\r\n',
    'node_modules/one/node_modules/@two/three/package.json': manifest('@two/three'),
    'node_modules/one/node_modules/@two/three/licence': 'The terms.\n',
    'node_modules/four/package.json': manifest('four'),
  })
  const modules = ['one/a.js', 'one/node_modules/@two/three/b/c.js', 'four/d.js']
  const files = modules.map((file) => path.join(folder, 'node_modules', file))
  const [, four, others] = (await noticesFor(metafile('src/cli.ts', ...files))).split(/\n-+\n\n/)
  assert.equal(four, 'four 1.0.0\n\nLicense: MIT\nAuthor: A. Author\n')
  assert.equal(others, 'one 1.0.0\n@two/three 1.0.0\n\nThe terms.\n')
})

test('the notices of the package name what the server is made of', () => {
  const notices = readFileSync('THIRD-PARTY-NOTICES', 'utf8')
  for (const name of ['fastify', 'pino', '@kubernetes/client-node', 'node-forge'])
    assert.match(notices, new RegExp(`^${name} \\d`, 'm'))
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildPackage } from './build.ts'

/** The most that a download may take, in bytes: README names 0.6 MB. */
const MOST = 600_000

test('the package holds the bundle and its terms, and is small', (context) => {
  buildPackage()
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { encoding: 'utf8' }))
  const files: string[] = packed.files.map((file: { path: string }) => file.path)
  const others = files.filter((file) => !/^dist\/chunks\/[\w-]+\.mjs$/.test(file))
  const starts = ['dist/kubectl-refgrant.js', 'dist/refgrant.js']
  assert.deepEqual(others.sort(), ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES', ...starts, 'package.json'])
  context.diagnostic(`the package has ${packed.size} bytes, unpacked ${packed.unpackedSize}, in ${files.length} files`)
  assert.ok(packed.size <= MOST, `${packed.size} bytes`)
})

test('an installation of the package installs no other, and runs nothing', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
  const kinds = ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies']
  assert.deepEqual(
    kinds.filter((kind) => kind in manifest),
    [],
  )
  const installing = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']
  assert.deepEqual(
    installing.filter((script) => script in manifest.scripts),
    [],
  )
})

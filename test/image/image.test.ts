import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { readPins } from '../../.build/image/pins.ts'
import { folderWith } from '../harness/folders.ts'
import { run } from '../harness/program/run.ts'
import { testContainer } from './served.ts'
import { unpack } from './unpack.ts'

suite('make image', { timeout: 900_000 }, () => {
  const folder = folderWith({})
  const build = (name: string) =>
    execFileSync(process.execPath, ['.build/image/image.ts', path.join(folder, name)], { encoding: 'utf8' })
  let built: string

  before(() => {
    built = build('first')
  })

  after(() => rmSync(folder, { recursive: true }))

  test('gives the same digest each time', (context) => {
    context.diagnostic(built.trim())
    assert.equal(built.split(' ').at(-1), build('second').split(' ').at(-1))
  })

  test('and the Dockerfile take the Node that make uses', () => {
    const [, version] = /^NODE_VERSION := (.*)$/m.exec(readFileSync('Makefile', 'utf8')) ?? []
    assert.match(readFileSync('Dockerfile', 'utf8'), new RegExp(`^FROM node:${version}-slim AS build$`, 'm'))
    assert.deepEqual(
      Object.values(readPins()).map(({ node }) => node.version),
      [version, version],
    )
  })

  test('runs on arm64, as QEMU emulates it', async () => {
    const root = path.join(folder, 'arm64')
    const [node = '', ...argv] = unpack(path.join(folder, 'first'), root, 'arm64').Entrypoint
    const inRoot = [node, ...argv].map((one) => (one.startsWith('/') ? path.join(root, one) : one))
    const { stdout, stderr } = await run('qemu-aarch64-static', ['-L', root, ...inRoot, 'version'])
    assert.match(stdout, /^refgrant \d/, stderr)
  })

  testContainer('the image', () => path.join(folder, 'first'))
})

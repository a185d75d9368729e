import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { askRefgrant } from '../harness/traffic/ask.ts'
import { type Container, runImage } from './container.ts'

/** Tests that the image of an OCI layout serves, with no more rights than it needs. */
export function testContainer(name: string, layout: () => string): void {
  suite(`a container of ${name}`, () => {
    let container: Container

    before(async () => {
      container = await runImage(layout())
    })
    after(() => container?.stop())

    test('permits and refuses', async () => {
      const ask = async (target: string) =>
        (await askRefgrant(container, { from: 'shop', to: 'billing', target })).verdict
      assert.deepEqual([await ask('payments'), await ask('invoices')], ['permitted', 'denied'])
    })

    test('has no rights', () => {
      const status = Object.fromEntries(
        container
          .proc('status')
          .split('\n')
          .map((line) => line.split(/:\s+/, 2)),
      )
      assert.deepEqual([status.Uid, status.Gid], Array(2).fill(Array(4).fill(65_532).join('\t')))
      const capabilities = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((set) => Number(`0x${status[set]}`))
      assert.deepEqual(capabilities, [0, 0, 0, 0, 0])
      assert.deepEqual([status.NoNewPrivs, status.Seccomp], ['1', '2'])
    })

    test('may neither write files nor start processes', () => {
      const [, ...argv] = container.proc('cmdline').split('\0')
      assert.deepEqual(argv.slice(0, 2), ['--permission', '--allow-fs-read=*'])
      const options = /^\S+ \S+ \S+ \S+ \/ (\S+)/m.exec(container.proc('mountinfo'))?.[1]
      assert.ok(options?.split(',').includes('ro'), options)
    })

    test('holds the package, a name for scanners, and no shell', () => {
      const files = readdirSync(path.join(container.root, 'refgrant'))
      assert.deepEqual(files.sort(), ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES', 'dist', 'package.json'])
      assert.match(readFileSync(path.join(container.root, 'etc/os-release'), 'utf8'), /^ID=debian$/m)
      assert.throws(() => readFileSync(path.join(container.root, 'bin/sh')), { code: 'ENOENT' })
    })
  })
}

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { folderWith } from '../harness/folders.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { CLI } from '../harness/program/cli.ts'
import { run } from '../harness/program/run.ts'

const skip = process.env.REFGRANT_LONG === '1' ? false : 'takes half a minute: REFGRANT_LONG=1 runs it'

/** The most that 10,000 routes may take, in MiB: measured at 190, and at 300 if V8 takes what it likes for young objects. */
const MOST = 250

suite('check of 10,000 routes takes little memory', { skip }, () => {
  const routes = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => ROUTE.replace('checkout', `r${from + at}`)).join('---\n')
  const folders = {
    'in one file': () => folderWith({ 'all.yaml': routes(0, 10_000) }),
    'in 1,000 files': () =>
      folderWith(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`${at}.yaml`, routes(10 * at, 10)]))),
  }
  for (const [title, folder] of Object.entries(folders))
    test(title, async () => {
      const tell = "process.on('exit', () => console.error('\\nmost: ' + process.resourceUsage().maxRSS))"
      const measured = pathToFileURL(`${folderWith({ 'tell.mjs': tell })}/tell.mjs`).href
      const { code, stderr } = await run(process.execPath, ['--import', measured, CLI, 'check', folder()])
      assert.equal(code, 1)
      const most = Number(/^most: (\d+)$/m.exec(stderr)?.[1]) / 1024
      assert.ok(most < MOST, `${most} MiB`)
    })
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { stringify } from 'yaml'
import { folderWith } from '../harness/folders.ts'
import { isViolation, readCases } from '../harness/objects/cases.ts'
import { refgrant } from '../harness/program/cli.ts'
import { configFileOf } from '../harness/program/live-config.ts'

/** Each case starts a process, which takes a third of a second; half of that is spent waiting. */
const AT_ONCE = 4

interface Report {
  readonly findings: readonly { readonly code: string; readonly message: string }[]
  readonly exempt: readonly { readonly reason: string }[]
}

suite('cases through refgrant check', { concurrency: AT_ONCE }, () => {
  for (const one of readCases()) {
    test(one.title, async () => {
      const objects = [one.object, ...one.grants]
      const file = configFileOf(one.configuration)
      const configured = file === undefined ? [] : ['--config', file]
      const cwd = folderWith({ 'objects.yaml': objects.map((object) => stringify(object)).join('---\n') })
      const { code, stdout, stderr } = await refgrant(['check', '-o', 'json', 'objects.yaml', ...configured], { cwd })
      assert.ok(code <= 1, stderr)
      const { findings, exempt } = JSON.parse(stdout) as Report
      const refused = findings.filter((finding) => finding.code === 'not-permitted').map(({ message }) => message)
      assert.equal(refused.length > 0, isViolation(one), stdout)
      const { reason } = one.expect.annotations ?? {}
      if (refused.length === 0 && reason !== undefined)
        assert.deepEqual(
          exempt.map(({ reason }) => reason),
          [reason],
        )
      for (const text of one.expect.message?.filter((text) => text.includes(' refers to ')) ?? [])
        assert.ok(
          refused.some((message) => message.includes(text)),
          stdout,
        )
    })
  }
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { stringify } from 'yaml'
import { folderWith } from '../harness/folders.ts'
import { type Case, configurationFile, readCases } from '../harness/objects/cases.ts'
import { refgrant } from '../harness/program/cli.ts'

/** Each case starts a process, which takes a third of a second; half of that is spent waiting. */
const AT_ONCE = 4

suite('cases through refgrant check', { concurrency: AT_ONCE }, () => {
  for (const one of readCases()) {
    test(one.title, async () => {
      const objects = [one.object, ...one.grants]
      const file = configurationFile(one)
      const configured = file === undefined ? [] : ['--config', file]
      const cwd = folderWith({ 'objects.yaml': objects.map((object) => stringify(object)).join('---\n') })
      const { code, stdout, stderr } = await refgrant(['check', '-o', 'json', 'objects.yaml', ...configured], { cwd })
      assert.ok(code <= 1, stderr)
      const { findings } = JSON.parse(stdout) as { findings: { code: string; message: string }[] }
      const refused = findings.filter((finding) => finding.code === 'not-permitted').map(({ message }) => message)
      assert.equal(refused.length > 0, isViolation(one), stdout)
      for (const text of one.expect.message?.filter((text) => text.includes(' refers to ')) ?? [])
        assert.ok(
          refused.some((message) => message.includes(text)),
          stdout,
        )
    })
  }
})

/** Files know of no stored object, so what the webhook lets through with a warning is a violation too. */
function isViolation({ expect }: Case): boolean {
  return !expect.allowed || (expect.warnings?.length ?? 0) > 0
}

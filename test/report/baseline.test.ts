import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failOnOf } from '../../src/policy/fail-on.ts'
import { comparedWith, findingsIn } from '../../src/report/baseline.ts'
import { type CheckReport, checkText, failed } from '../../src/report/check.ts'
import { printed, reportOf } from '../harness/objects/reports.ts'
import { GRANT } from '../harness/objects/texts.ts'

/** A report on a grant with an error in each of its entries of `to`, which shows so many of them. */
function reportWith(entries: number, most: number): Promise<CheckReport> {
  const entry = '{group: core, kind: Service}'
  return reportOf({ 'a.yaml': GRANT.replace(/to:.*/s, `to: [${Array(entries).fill(entry)}]\n`) }, undefined, most)
}

function compared(report: CheckReport, baseline: CheckReport): CheckReport {
  const read = findingsIn(printed(baseline, 'json'))
  assert.ok(read?.isComplete)
  return comparedWith(report, { source: 'former', ...read, notes: [] })
}

/** The counts of a comparison, and whether it fails by new errors. */
function said({ baseline, ...report }: CheckReport) {
  assert.ok(baseline)
  const { introduced, unchanged, fixed, omittedFixed } = baseline
  return [introduced, fixed.length + omittedFixed, unchanged, failed(failOnOf(['new']), { ...report, baseline })]
}

test('findings are compared whether the report or the baseline shows them', async () => {
  const { omitted, findings } = await reportWith(5, 100)
  const each = findings.length / 5
  assert.deepEqual([omitted.size, each], [0, 1])
  for (const shown of [0, 1, 3, 100])
    for (const before of [0, 1, 3, 100]) {
      const old = await reportWith(5, before)
      assert.deepEqual(said(compared(await reportWith(5, shown), old)), [0, 0, 5, false], `${shown} ${before}`)
      assert.deepEqual(said(compared(await reportWith(7, shown), old)), [2, 0, 5, true], `${shown} ${before}`)
      assert.deepEqual(said(compared(await reportWith(3, shown), old)), [0, 2, 3, false], `${shown} ${before}`)
    }
})

test('a report that was compared is a baseline, too', async () => {
  const old = await reportWith(5, 2)
  const next = compared(await reportWith(6, 2), old)
  assert.deepEqual(said(compared(await reportWith(6, 2), next)), [0, 0, 6, false])
})

test('a compared report says how many introduced findings it does not show', async () => {
  const report = compared(await reportWith(6, 2), await reportWith(3, 2))
  const text = Array.from(checkText(report, { grant: '', explain: '' })).join('')
  assert.match(text, /^Not shown: 3 more findings$/m)
  assert.match(text, /^compared with "former": 3 introduced, 0 fixed, 3 unchanged$/m)
  const { baseline } = JSON.parse(printed(report, 'json'))
  assert.deepEqual(baseline, {
    ...{ source: 'former', introduced: 3, unchanged: 3 },
    ...{ fixed: [], omittedFixed: 0, omittedIntroduced: 3 },
  })
})

test('a code that only findings have which are not shown makes the check fail', async () => {
  const report = await reportWith(5, 0)
  assert.deepEqual(
    ['grant-core-group', 'grant-empty'].map((code) => failed(failOnOf([code]), report)),
    [true, false],
  )
})

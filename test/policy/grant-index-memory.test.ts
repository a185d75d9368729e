import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Grant } from '../../src/policy/grant.ts'
import { GrantIndex } from '../../src/policy/grant-index.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** The grants of an index, the entries of one half of a grant, and the grants in a namespace. */
const GRANTS = 10_000
const ENTRIES = 16
const EACH = 100

/** The bytes in use for each estimated byte, at most. The maps of V8 may have twice the places that they need. */
const MOST = 1.5

const named = (kind: string) => (entry: number) => ({ group: '', kind, namespace: entry.toString(36), name: 'n' })
const entries = <E>(make: (entry: number) => E) => Array.from({ length: ENTRIES }, (_, entry) => make(entry))

/** A grant that accepts short referrers, each of which so many grants of its namespace accept. */
const sharedBy = (grants: number) => (index: number) => {
  const set = Math.floor((index % EACH) / grants)
  return { from: entries((entry) => named('K')(set * ENTRIES + entry)), to: [] }
}
const long = (index: number) => ({
  from: [named('K')(0)],
  to: entries((entry) => ({ group: '', kind: 'K', name: `${index}-${entry}`.padEnd(253, 'x') })),
})

/** The entries of a grant by its number, and whether the grants with an odd number are deleted again. */
const contents: Record<string, [parts: (index: number) => Pick<Grant, 'from' | 'to'>, deleted?: boolean]> = {
  'with one entry': [() => ({ from: [named('K')(0)], to: [named('K')(0)] })],
  'without entries': [() => ({ from: [], to: [] })],
  ...Object.fromEntries(
    [1, 2, 3, 17].map((grants) => [`with referrers that ${grants} of them accept`, [sharedBy(grants)]]),
  ),
  'with long names, half of which are deleted': [long, true],
  'with two of each referrer, of which one is deleted': [sharedBy(2), true],
  'with 17 of each referrer, half of which are deleted': [sharedBy(17), true],
}

suite('the memory of an index is what it estimates, for grants', () => {
  for (const [title, [parts, deleted]] of Object.entries(contents))
    test(title, () => {
      const { index, used } = measured(() => {
        const index = new GrantIndex()
        const grantAt = (at: number) => ({
          namespace: `n-${Math.floor(at / EACH)}`,
          name: at.toString(36),
          ...parts(at),
        })
        for (let at = 0; at < GRANTS; at += 1) index.set(grantAt(at))
        if (deleted) for (let at = 1; at < GRANTS; at += 2) index.delete(grantAt(at))
        return index
      })
      assert.ok(used <= index.weight * MOST, `${used} bytes are in use, and ${index.weight} are estimated`)
    })
})

function measured(make: () => GrantIndex) {
  const before = memoryInUse()
  const index = make()
  return { index, used: memoryInUse() - before }
}

function memoryInUse(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

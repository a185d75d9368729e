import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { decoded } from '../../src/files/text.ts'
import { DocumentError } from '../../src/yaml/documents.ts'
import { parseObjects } from '../../src/yaml/objects.ts'
import { binaries } from '../harness/control-plane/binaries.ts'
import { folderWith } from '../harness/folders.ts'
import { file, jsonStream } from '../harness/objects/random-files.ts'
import { run } from '../harness/program/run.ts'

/** Files that one kubectl reads, in about a second. */
const AT_ONCE = 1_000
const RUNS = process.env.REFGRANT_LONG === '1' ? 100 : 2

type Thing = { metadata: { name: string; annotations?: unknown } }

/** What kubectl reads of files, by the names of the objects. It needs no cluster for that. */
async function readByKubectl(folder: string): Promise<{ objects: Map<string, unknown>; failed: Set<string> }> {
  const kubectl = (await binaries()).path('kubectl')
  const argv = ['annotate', '--local', '--overwrite', '-o', 'json', '-f', folder, 'read=1']
  const { stdout, stderr } = await run(kubectl, argv)
  const printed = stdout.split(/(?<=^\})\n/m).filter((text) => text.trim() !== '')
  const objects = new Map(
    printed.map((text) => {
      const thing = JSON.parse(text) as Thing
      delete thing.metadata.annotations
      return [thing.metadata.name, thing]
    }),
  )
  return { objects, failed: new Set(stderr.match(/[^/"\s]+\.yaml\b/g)) }
}

/** What we read, as JSON has it, without what kubectl was made to add; or why not. */
function read(text: string): unknown[] | DocumentError {
  try {
    const objects = parseObjects(decoded(Buffer.from(text)))
    return objects.map(({ object }) => JSON.parse(JSON.stringify(object)))
  } catch (error) {
    if (error instanceof DocumentError) return error
    throw error
  }
}

test('what kubectl reads of random files is read of them too, the same, or the file is refused', {
  timeout: 1_200_000,
}, async (t) => {
  const seed = Number(process.env.REFGRANT_FUZZ_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  let [accepted, same] = [0, 0]
  const unlike: string[] = []
  const refused = new Map<string, number>()
  for (let round = 0; round < RUNS; round += 1) {
    const makers = fc.sample(fc.oneof({ weight: 9, arbitrary: file }, jsonStream), {
      numRuns: AT_ONCE,
      seed: seed + round,
    })
    const texts = makers.map((make, index) => make(index))
    const folder = folderWith(Object.fromEntries(texts.map((text, index) => [`${index}.yaml`, text])))
    const { objects: known, failed } = await readByKubectl(folder)
    for (const [index, text] of texts.entries()) {
      const theirs = [...known].filter(([name]) => name.startsWith(`n${index}-`)).map(([, thing]) => thing)
      if (theirs.length === 0) continue
      // Of a file with errors kubectl reads what is before them, and some of what is behind.
      const whole = !failed.has(`${index}.yaml`)
      if (whole) accepted += 1
      const ours = read(text)
      if (ours instanceof DocumentError && !whole) continue
      if (ours instanceof DocumentError) {
        const what = ours.message.replace(/"(\\.|[^"\\])*"/g, '"…"')
        refused.set(what, (refused.get(what) ?? 0) + 1)
        continue
      }
      if (whole) same += 1
      const missing = theirs.find((thing) => !ours.some((one) => isDeepStrictEqual(one, thing)))
      if (missing !== undefined)
        unlike.push(`seed ${seed + round}, file ${index}: ${JSON.stringify({ kubectl: missing, ours, text }, null, 1)}`)
    }
  }
  t.diagnostic(
    `${same} of ${accepted} files are read as kubectl reads them; the others are refused: ${JSON.stringify(Object.fromEntries([...refused].sort(([, a], [, b]) => b - a)))}`,
  )
  assert.deepEqual(unlike.slice(0, 10), [])
  assert.ok(accepted > 200 * RUNS, `kubectl reads ${accepted} files`)
  assert.ok(same >= 0.95 * accepted, `${same} of ${accepted}`)
})

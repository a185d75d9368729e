import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { inTurns } from '../../src/cluster/turns.ts'

test('the event loop has its turn at least once each 64 KiB, and every byte comes once, in chunks of any size', async () => {
  const sizes = fc.array(fc.oneof(fc.nat(5_000), fc.nat(300_000)), { minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(sizes, async (sizes) => {
      const chunks = sizes.map((size, index) => Buffer.alloc(size, index))
      const all = Buffer.concat(chunks)
      let turn = 0
      const count = () => {
        turn += 1
        next = setImmediate(count)
      }
      let next = setImmediate(count)
      const inTurn: number[] = []
      const pieces: Buffer[] = []
      for await (const piece of inTurns(arriving(chunks))) {
        inTurn[turn] = (inTurn[turn] ?? 0) + piece.length
        // The memory of the chunk is freed.
        pieces.push(Buffer.from(piece))
      }
      clearImmediate(next)
      assert.ok(Buffer.concat(pieces).equals(all))
      assert.ok(inTurn.every((bytes) => bytes <= 64 * 1024))
    }),
    { numRuns: 50 },
  )
})

/** Chunks that are available already, so that only their reader gives the event loop a turn. */
async function* arriving(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

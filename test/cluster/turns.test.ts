import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Turns } from '../../src/cluster/turns.ts'

const TURN = 64 * 1024

test('the event loop has its turn each 64 KiB of all streams together, and every byte comes once, in chunks of any size', async () => {
  const sizes = fc.array(fc.oneof(fc.nat(5_000), fc.nat(300_000)), { minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(fc.array(sizes, { minLength: 1, maxLength: 5 }), async (streams) => {
      const { inTurn, received } = await readAll(
        streams.map((sizes) => sizes.map((size, at) => Buffer.alloc(size, at))),
      )
      streams.forEach((sizes, stream) => {
        const sent = Buffer.concat(sizes.map((size, at) => Buffer.alloc(size, at)))
        assert.ok(sent.equals(received[stream] as Buffer))
      })
      assert.ok(inTurn.every((bytes) => bytes <= TURN))
    }),
    { numRuns: 50 },
  )
})

test('a small stream waits for one piece of each large one', async () => {
  const large = Array.from({ length: 8 }, () => [Buffer.alloc(64 * TURN)])
  const { ends } = await readAll([...large, [Buffer.alloc(1_000)]])
  const small = ends.at(-1) as number
  assert.ok(small <= large.length + 1, `it ended in turn ${small}`)
  assert.ok(ends.slice(0, -1).every((end) => end > 64))
})

/** Reads all streams at once: the bytes in each turn of the event loop, the turn in which each ended, and what came. */
async function readAll(streams: readonly (readonly Buffer[])[]) {
  const turns = new Turns()
  let turn = 0
  const count = () => {
    turn += 1
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  const inTurn: number[] = []
  const ends: number[] = []
  const received = await Promise.all(
    streams.map(async (chunks, stream) => {
      const pieces: Buffer[] = []
      for await (const piece of turns.pieces(arriving(chunks))) {
        inTurn[turn] = (inTurn[turn] ?? 0) + piece.length
        // The memory of the chunk is freed.
        pieces.push(Buffer.from(piece))
      }
      ends[stream] = turn
      return Buffer.concat(pieces)
    }),
  )
  clearImmediate(next)
  return { inTurn, ends, received }
}

/** Chunks that are available already, so that only their reader gives the event loop a turn. */
async function* arriving(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { Turns } from '../../src/cluster/turns.ts'

const TURN = 64 * 1024
const NEVER = new AbortController().signal

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

test('a small stream does not wait for all large ones, and does not keep them waiting', async () => {
  const turns = new Turns()
  const large = Array.from({ length: 32 }, () => readAll([[Buffer.alloc(8 * TURN)]], turns))
  // Their first pieces go first, too.
  for (let passed = 0; passed < 2 * large.length; passed += 1) await turn()
  const { ends } = await readAll([[Buffer.alloc(1_000)]], turns)
  assert.ok((ends[0] as number) <= 3, `it ended in turn ${ends[0]}`)
  let isEnded = false
  const ended = Promise.all(large).then(() => {
    isEnded = true
  })
  for (let small = 0; !isEnded; small += 1) {
    assert.ok(small < 1_000, 'first pieces do not go first in each turn')
    await readAll([[Buffer.alloc(TURN)]], turns)
  }
  await ended
})

test('a stream that is given up leaves at once, with the memory of its pieces, and takes no turn', async () => {
  const turns = new Turns()
  const others = readAll([[Buffer.alloc(8 * TURN)]], turns)
  const reader = new AbortController()
  let isClosed = false
  async function* source() {
    try {
      yield Buffer.alloc(2 * TURN)
    } finally {
      isClosed = true
    }
  }
  const read = async () => {
    for await (const _ of turns.pieces(source(), reader.signal));
  }
  const given = Array.from({ length: 16 }, read)
  reader.abort()
  for (const one of given) await assert.rejects(one, { name: 'AbortError' })
  assert.ok(isClosed)
  const { ends } = await others
  assert.ok((ends[0] as number) <= 10, `the other stream ended in turn ${ends[0]}`)
})

/** Reads all streams at once: the bytes in each turn of the event loop, the turn in which each ended, and what came. */
async function readAll(streams: readonly (readonly Buffer[])[], turns = new Turns()) {
  let passed = 0
  const count = () => {
    passed += 1
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  const inTurn: number[] = []
  const ends: number[] = []
  const received = await Promise.all(
    streams.map(async (chunks, stream) => {
      const pieces: Buffer[] = []
      for await (const piece of turns.pieces(arriving(chunks), NEVER)) {
        inTurn[passed] = (inTurn[passed] ?? 0) + piece.length
        // The memory of the chunk is freed.
        pieces.push(Buffer.from(piece))
      }
      ends[stream] = passed
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

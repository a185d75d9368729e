import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { NotAReview } from '../../src/admission/review.ts'
import { BodyRefused, Overloaded, readBody } from '../../src/server/body.ts'
import { Capacity } from '../../src/server/capacity.ts'
import { SummaryReader } from '../../src/server/content.ts'
import { MARGIN } from '../../src/server/deadline.ts'
import { limitsIn } from '../../src/server/limits.ts'
import { lookAt } from '../../src/server/look.ts'
import { type ServerObserver, UNOBSERVED } from '../../src/server/observer.ts'
import { Retries } from '../../src/server/retries.ts'
import { ServerRecorder } from '../harness/stand-ins/server-recorder.ts'

const MIB = 1024 * 1024

const parsed = (text: string): unknown => JSON.parse(text)

/** A body that arrives in chunks. */
class Payload extends Readable {
  readonly headers: Record<string, string>

  constructor(headers: Record<string, string> = {}) {
    super({ read() {} })
    this.headers = headers
  }
}

/** The capacity of a container of 256 MiB, with a stopped clock. */
const capacityTold = (observer: ServerObserver) => new Capacity(() => 0, observer, limitsIn(256 * MIB))

/** Reads a body with the capacity of a container of 256 MiB. */
function start({ capacity = capacityTold(UNOBSERVED), retries = new Retries(), headers = {} } = {}) {
  const payload = new Payload(headers)
  const allowance = capacity.enter(10_000 - MARGIN)
  const read = readBody(payload as unknown as IncomingMessage, { capacity, allowance, retries })
  // It is looked at later.
  read.catch(() => {})
  const send = async (text: string | Buffer) => {
    payload.push(text)
    await new Promise(setImmediate)
  }
  const end = () => {
    payload.push(null)
    return read
  }
  return { capacity, retries, allowance, send, end, read, payload }
}

suite('memory is reserved', () => {
  test('for the received bytes, not for the announced length', async () => {
    const { capacity, send } = start({ headers: { 'content-length': String(8 * MIB) } })
    assert.equal(capacity.held.bodies, 0)
    await send('[1')
    assert.equal(capacity.held.bodies, 2)
  })

  test('in steps of 16 KiB, for a body in pieces', async () => {
    const { capacity, send, end } = start()
    await send('"')
    for (let count = 0; count < 2_000; count += 1) await send('x'.repeat(100))
    const held = capacity.held.bodies
    assert.ok(held >= 200_001 && held <= 200_001 + 16 * 1024, String(held))
    await send('"')
    assert.equal((await end()).review, 'x'.repeat(200_000))
    assert.equal(capacity.held.bodies, 0)
  })

  test('only until a piece is copied or dropped', async () => {
    const { send, end } = start()
    const pieces = ['["', 'x'.repeat(100), '"]'].map((text) => Buffer.from(new TextEncoder().encode(text).buffer))
    for (const piece of pieces) await send(piece)
    assert.deepEqual((await end()).review, ['x'.repeat(100)])
    const late = start()
    late.allowance.leave(false)
    const dropped = Buffer.from(new TextEncoder().encode('{}').buffer)
    await late.send(dropped)
    for (const { byteLength } of [...pieces, dropped]) assert.equal(byteLength, 0)
  })

  test('but a body in pieces of one byte is rejected', async () => {
    const { capacity, send, read, payload } = start()
    for (let count = 0; count < 1_015; count += 1) await send('7')
    assert.deepEqual([capacity.held.bodies > 0, payload.destroyed], [true, false])
    await send('7')
    await assert.rejects(read, { statusCode: 400, message: 'the body arrives in pieces that are too small' })
    assert.equal(payload.destroyed, true)
  })

  test('until the client closes the connection', async () => {
    const { capacity, send, allowance, payload, read } = start()
    for (let count = 0; count < 5; count += 1) await send('x'.repeat(MIB))
    assert.ok(capacity.held.bodies >= 5 * MIB)
    allowance.leave(false)
    assert.equal(capacity.held.bodies, 0)
    payload.destroy()
    await assert.rejects(read, BodyRefused)
    assert.equal(capacity.held.bodies, 0)
  })

  test('for the strings, with two bytes a character beyond ASCII, and for the values', async () => {
    const weigh = async (body: string) => {
      const { capacity, send, end } = start()
      await send(body)
      await end()
      return capacity.held.values
    }
    const [short, long] = [1_200, 70_000]
    assert.equal(await weigh(`"${'x'.repeat(short - 2)}"`), 2 * short + ((short * 2) / 3) * 104)
    assert.equal(await weigh(`"${'x'.repeat(long - 2)}"`), 2 * long)
    assert.equal(await weigh(`"${'x'.repeat(long - 4)}\u0100"`), 4 * long)
    const text = 'x'.repeat(long)
    assert.equal(await weigh(`[0,0,0,{},"${text}"]`), 2 * (long + 13) + 6 * 104)
    // With Node 24, such an object takes 351 bytes.
    const nested = `${'{"34":'.repeat(100)}0${'}'.repeat(100)}`
    assert.equal(await weigh(`[${nested},"${text}"]`), 2 * (long + 706) + 402 * 104)
    assert.ok((await weigh(`["\\u0033\\u0034","${text}"]`)) > 2 * long + 4 * 104)
  })
})

suite('a body in pieces', () => {
  test('is read as a whole, whatever their sizes are', async () => {
    const sizes = fc.array(fc.nat(9_000), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(sizes, async (sizes) => {
        const text = `"${sizes.map((size, at) => String(at % 10).repeat(size)).join('')}"`
        const { capacity, send, end } = start()
        let sent = 0
        for (const size of sizes) {
          await send(Buffer.from(text.slice(sent, sent + size)))
          sent += size
        }
        await send(Buffer.from(text.slice(sent)))
        assert.ok(capacity.held.bodies >= text.length && capacity.held.bodies < text.length + 16 * 1024)
        assert.equal((await end()).review, JSON.parse(text))
        assert.equal(capacity.held.bodies, 0)
      }),
      { numRuns: 50 },
    )
  })
})

suite('the stored object of an update', () => {
  const read = async (text: string) => {
    const { send, end } = start()
    await send(text)
    return end()
  }
  const reviewOf = (oldObject: unknown, object: unknown = {}) =>
    JSON.stringify({ kind: 'AdmissionReview', request: { uid: 'u', object, oldObject, dryRun: false } })

  /** Reads a review, and parses its stored object if that was left out. */
  const readWhole = async (text: string) => {
    const { review, stored } = await read(text)
    const { request } = review as { request: { oldObject: unknown } }
    if (stored) {
      assert.deepEqual(request.oldObject, {})
      request.oldObject = stored()
    }
    return { review, isLater: stored !== undefined }
  }
  const long = 'x'.repeat(60_000)

  test('is parsed later, also after a text with braces, and in a body of any size', async () => {
    for (const stored of [
      { a: { b: 1 } },
      { text: '{"a":{}}' },
      { text: '}', long },
      { text: '{', long },
      { '\u0100': '"' },
    ]) {
      const text = reviewOf(stored, { x: '\u0100"{' })
      assert.deepEqual(await readWhole(text), { review: JSON.parse(text), isLater: true }, text.slice(0, 200))
    }
  })

  test('is what it would be if it were parsed at once', async () => {
    let later = 0
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.json().map(parsed)),
        fc.json().map(parsed),
        fc.constantFrom({}, { long }),
        async (stored, object, more) => {
          const text = reviewOf(stored, { object, ...more })
          const { review, isLater } = await readWhole(text)
          if (isLater) later += 1
          assert.deepEqual(review, JSON.parse(text))
        },
      ),
      { numRuns: 200 },
    )
    assert.ok(later > 100, `${later} were parsed later`)
  })

  for (const [title, text] of Object.entries({
    'is absent': reviewOf(null),
    'is not an object': reviewOf([{}]),
    'is deeper': JSON.stringify({ request: { object: { oldObject: { a: 1 } } } }),
    'is a part of a text': JSON.stringify({ request: { object: '"oldObject":{' } }),
    'is written twice': '{"request":{"oldObject":{"a":1},"oldObject":{"b":1}}}',
    'is written with a space': '{"request":{"oldObject" :{"a":1}}}',
    'has a brace in a text': reviewOf({ a: '{' }),
    'is followed by something else': '{"request":{"oldObject":{"a":1},"x":{},"dryRun":false}}',
    'is deeper, as the API server would write it': `{"request":{"object":{"oldObject":{"a":1},"dryRun":0},"oldObject":{"b":1}}}`,
    'is written with an escape after that':
      '{"request":{"oldObject":{"a":1},"dryRun":false,"old\\u004fbject":{"b":1}}}',
  }))
    test(`is parsed at once if it ${title}`, async () => {
      const { review, stored } = await read(text)
      assert.deepEqual([review, stored], [JSON.parse(text), undefined])
    })

  test('that does not end is not JSON', async () => {
    await assert.rejects(read('{"request":{"oldObject":{"a":1'), NotAReview)
  })

  test('that is not JSON makes no review as soon as it is needed', async () => {
    const { stored } = await read('{"request":{"oldObject":{"a" 1},"dryRun":false}}')
    assert.throws(() => stored?.(), NotAReview)
  })
})

test('a short body has no more values than are reserved', () => {
  const densest = [
    '[0,0,0]',
    '[[[]]]',
    '{"1":0,"2":0}',
    '{"1":{"2":{"3":0}}}',
    '[{},{}]',
    '0',
    '[{"1":0},{"1":0}]',
    '{"\\u0031":0}',
  ]
  for (const text of densest) {
    const reader = new SummaryReader()
    reader.push(Buffer.from(text))
    const { values } = reader.end().total
    const look = lookAt(Buffer.from(text))
    assert.ok(
      look.values >= values && look.openings <= values,
      `${text}: ${values} values, reserved are ${look.values}`,
    )
  }
})

suite('a body without enough memory', () => {
  test('is read to its end, and dropped with its uid', async () => {
    const observer = new ServerRecorder()
    const { capacity, send, end } = start({ capacity: capacityTold(observer) })
    assert.equal(capacity.reserve('values', 63 * MIB), undefined)
    await send('{"request":{"uid":"u"},"x":"')
    await send('x'.repeat(2 * MIB))
    assert.equal(capacity.held.bodies, 0)
    await send('"}')
    await assert.rejects(
      end(),
      (error) => error instanceof Overloaded && error.uid === 'u' && error.reason === 'memory',
    )
    assert.deepEqual(observer.turnedAway, ['memory'])
  })

  test('is dropped before it is parsed, if its values would not fit', async () => {
    const { capacity, send, end } = start()
    assert.equal(capacity.reserve('values', 63 * MIB), undefined)
    await send(`[${'{},'.repeat(15_000)}{}]`)
    await assert.rejects(end(), Overloaded)
    assert.deepEqual([capacity.held.bodies, capacity.held.values, capacity.counts.reviews], [0, 63 * MIB, 0])
  })
})

test('the largest review that is judged fits into the memory', async () => {
  const observer = new ServerRecorder()
  const { capacity, send, end } = start({ capacity: capacityTold(observer) })
  const object = JSON.stringify([...'0'.repeat(119_000).split(''), '\u0100'.repeat(1.7 * MIB)])
  await send(`{"request":{"object":${object},"oldObject":${object},"rest":"`)
  for (let count = 0; count < 15; count += 1) await send('x'.repeat(65_536))
  await send('"}}')
  const { excess } = await end()
  assert.equal(excess, undefined)
  assert.ok(capacity.held.values > 50 * MIB)
  assert.deepEqual(observer.turnedAway, [])
})

suite('an oversized body', () => {
  test('does not use memory, and yields a summary', async () => {
    const { capacity, send, end } = start()
    await send('{"request":{"uid":"u","userInfo":{"username":"jane"},"object":{"x":"')
    for (let count = 0; count < 20; count += 1) await send('x'.repeat(MIB))
    assert.deepEqual([capacity.held.bodies, capacity.counts.oversized], [0, 1])
    await send('"}}}')
    const { review, excess } = await end()
    assert.equal((review as { request: { userInfo: { username: string } } }).request.userInfo.username, 'jane')
    assert.deepEqual(excess?.oversize, { cap: 'bytes', found: 20 * MIB + 8, most: 4 * MIB })
    assert.equal(capacity.held.bodies + capacity.held.values, 0)
  })

  test('is dropped if four others are being read', async () => {
    const { capacity, send } = start()
    await send('['.padEnd(10 * MIB))
    for (let count = 1; count < 4; count += 1) await start({ capacity }).send('['.padEnd(10 * MIB))
    assert.equal(capacity.counts.oversized, 4)
    const fifth = start({ capacity })
    await fifth.send('['.padEnd(10 * MIB))
    await assert.rejects(fifth.end(), (error) => error instanceof Overloaded && error.reason === 'reviews')
  })

  test('is rejected at 64 MiB, or immediately if it announces more', async () => {
    const { send, read, capacity, allowance, payload } = start()
    await send('['.padEnd(MIB))
    for (let count = 1; count <= 64; count += 1) await send(' '.repeat(MIB))
    await assert.rejects(read, { statusCode: 413 })
    await send('more')
    assert.equal(payload.readableLength, 0, 'what comes after is dropped')
    allowance.leave(true)
    assert.equal(capacity.counts.oversized, 0)
    await assert.rejects(start({ headers: { 'content-length': String(64 * MIB + 1) } }).read, { statusCode: 413 })
  })

  test('is not a review if it is nested a million times, and its memory is bounded', async () => {
    const { send, read } = start()
    await send('['.repeat(10 * MIB))
    await assert.rejects(read, (error) => error instanceof NotAReview && /levels of nesting/.test(error.message))
  })

  test('is not a review if it is not JSON', async () => {
    const { send, read } = start()
    await send('{"a" '.padEnd(10 * MIB, '1'))
    await assert.rejects(read, NotAReview)
  })
})

test('a later try has the remaining time of the earlier ones', async () => {
  let now = 0
  const capacity = new Capacity(() => now, UNOBSERVED, limitsIn(256 * MIB))
  const retries = new Retries()
  const first = capacity.enter(5_000 - MARGIN)
  now = 3_000
  retries.invite('u', first)
  now = 4_000
  const { send, end, allowance } = start({ capacity, retries })
  await send('{"request":{"uid":"u"}}')
  await end().catch(() => {})
  assert.equal(allowance.begun, 0)
  assert.equal(allowance.left, 10_000 - 250 - 4_000)
})

import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import { type Ending, History, type Verdict } from '../harness/traffic/history.ts'

/** Age that knowledge may have in these tests, in ms. */
const BOUND = 40

let time: number
let history: History
let ending: Ending

const at = (moment: number) => async () => {
  time = moment
}
const lost = (moment: number) => async () => {
  time = moment
  throw new Error('the connection broke')
}

/** A grant that is made from 100 to 110 and deleted from 200 to 210. */
async function life(): Promise<void> {
  time = 100
  ending = await history.create('shop -> billing', at(110))
  time = 200
  await ending(at(210))
}

async function review(begun: number, ended: number, verdict: Verdict, reference = 'shop -> billing'): Promise<number> {
  time = begun
  await history.review(reference, async () => {
    time = ended
    return { verdict }
  })
  return history.tally().wrong.length
}

beforeEach(() => {
  time = 0
  history = new History(BOUND, () => time)
})

suite('a permit', () => {
  beforeEach(life)
  test('is right while the grant exists', async () => assert.equal(await review(120, 130, 'permitted'), 0))
  test('is right while the grant is being made', async () => assert.equal(await review(90, 100, 'permitted'), 0))
  test('is wrong before that', async () => assert.equal(await review(90, 99, 'permitted'), 1))
  test('is right until the bound', async () => assert.equal(await review(210 + BOUND, 300, 'permitted'), 0))
  test('is wrong after it', async () => assert.equal(await review(211 + BOUND, 300, 'permitted'), 1))
  test('is wrong for a reference that never had a grant', async () =>
    assert.equal(await review(120, 130, 'permitted', 'shop -> ledger'), 1))
})

suite('a denial', () => {
  beforeEach(life)
  test('is wrong while the grant exists', async () => assert.equal(await review(110, 200, 'denied'), 1))
  test('is right if the grant was not there yet at its begin', async () =>
    assert.equal(await review(109, 150, 'denied'), 0))
  test('is right if the grant is being deleted at its end', async () =>
    assert.equal(await review(150, 201, 'denied'), 0))
  test('is right for a reference that never had a grant', async () =>
    assert.equal(await review(120, 130, 'denied', 'shop -> ledger'), 0))
})

test('another grant of the same reference makes a denial wrong, and a permit right', async () => {
  await life()
  time = 300
  await history.create('shop -> billing', at(310))
  assert.equal(await review(400, 410, 'permitted'), 0)
  assert.equal(await review(400, 410, 'denied'), 1)
})

test('a grant whose making failed exists perhaps: neither verdict is wrong', async () => {
  time = 100
  const end = await history.create('shop -> billing', lost(110))
  assert.equal(await review(120, 130, 'permitted'), 0)
  assert.equal(await review(120, 130, 'denied'), 0)
  time = 200
  await end(at(210))
  assert.equal(await review(211 + BOUND, 300, 'permitted'), 1)
})

test('a grant whose deletion failed exists perhaps, until a deletion is answered', async () => {
  time = 100
  const end = await history.create('shop -> billing', at(110))
  time = 200
  await assert.rejects(end(lost(210)))
  assert.equal(await review(300, 310, 'permitted'), 0)
  assert.equal(await review(300, 310, 'denied'), 0)
  time = 400
  await end(at(410))
  assert.equal(await review(450, 460, 'permitted'), 0)
  assert.equal(await review(451, 460, 'permitted'), 1)
})

test('an answer without a verdict is never wrong, and counts as unjudged, as an error does', async () => {
  await life()
  time = 120
  await history.review('shop -> billing', lost(130))
  await history.review('shop -> billing', async () => ({ verdict: 'unjudged' }))
  assert.deepEqual(history.tally(), { permitted: 0, denied: 0, unjudged: 2, wrong: [], stalest: 0 })
})

test('the tally tells how long a permit has outlived its grant', async () => {
  await life()
  time = 235
  await history.review('shop -> billing', async () => ({ verdict: 'permitted' }))
  assert.deepEqual(history.tally(), { permitted: 1, denied: 0, unjudged: 0, wrong: [], stalest: 25 })
})

suite('a tally while something is on its way', () => {
  /** Asks at a moment; the verdict is given later. */
  function asked(begun: number): (ended: number, verdict: Verdict) => Promise<Verdict> {
    time = begun
    const { promise, resolve } = Promise.withResolvers<{ verdict: Verdict }>()
    const verdict = history.review('shop -> billing', () => promise)
    return (ended, given) => {
      time = ended
      resolve({ verdict: given })
      return verdict
    }
  }

  test('counts a review once, when it has ended', async () => {
    await life()
    const answer = asked(220)
    assert.equal(history.tally().permitted, 0)
    await answer(230, 'permitted')
    assert.equal(history.tally().permitted, 1)
    assert.equal(history.tally().permitted, 0)
  })

  for (const verdict of ['permitted', 'denied'] as const) {
    test(`takes a grant that is being made for one that is there perhaps: ${verdict} is right`, async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      time = 100
      const made = history.create('shop -> billing', () => promise)
      assert.equal(await review(120, 130, verdict), 0)
      resolve()
      await made
    })
  }

  /** A grant that is made and deleted at once. */
  async function short(moment: number): Promise<void> {
    time = moment
    const end = await history.create('shop -> billing', at(moment + 10))
    await end(at(moment + 20))
  }

  test('forgets the grants that are over, but for the last one, which tells how stale a permit is', async () => {
    const answer = asked(100)
    for (let moment = 200; moment < 1_000; moment += 100) await short(moment)
    assert.equal(history.lives, 8)
    history.tally()
    assert.equal(history.lives, 1)
    await answer(1_000, 'permitted')
    assert.deepEqual(history.tally().wrong, [])
    time = 990
    await history.review('shop -> billing', async () => ({ verdict: 'permitted' }))
    assert.equal(history.tally().stalest, 70)
  })

  test('keeps a grant that lives, and one that is there perhaps, however old they are', async () => {
    time = 100
    await history.create('shop -> billing', at(110))
    await history.create('shop -> billing', lost(120))
    await short(200)
    history.tally()
    assert.equal(history.lives, 3)
    assert.equal(await review(200_000, 200_010, 'denied'), 1)
    assert.equal(await review(200_000, 200_010, 'permitted'), 0)
  })
})

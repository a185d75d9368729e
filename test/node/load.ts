import assert from 'node:assert/strict'
import type { ApiClient } from '../harness/control-plane/api-client.ts'
import { failedCalls } from '../harness/control-plane/api-server-counts.ts'
import { CHURNED, Churn } from '../harness/traffic/churn.ts'
import { BOUND, handsOn } from '../harness/traffic/faults.ts'
import { History, type Tally } from '../harness/traffic/history.ts'
import { untilCounted } from '../harness/until.ts'

/** Reviews that are asked for before something happens, and after it. */
const AROUND = 20

/** What was asked while something happened. */
export interface Load extends Tally {
  /** Calls of the webhook that failed, as the API server counts them. */
  readonly failed: number
}

/** Lets grants come and go, and routes be written that cross namespaces, before, while and after something happens. */
export async function underLoad(api: ApiClient, happen: () => Promise<unknown>): Promise<Load> {
  await api.apply(...CHURNED.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })))
  const history = new History(BOUND)
  const churn = new Churn(history, handsOn(api))
  const before = await failedCalls(api)
  await churn.start()
  try {
    await untilCounted('reviews are asked for', AROUND, () => churn.asked)
    await happen()
    await untilCounted('reviews are asked for', churn.asked + AROUND, () => churn.asked)
  } finally {
    await churn.stop()
  }
  return { ...history.tally(), failed: (await failedCalls(api)) - before }
}

/** Asserts that each write was judged, and judged rightly. */
export function assertJudged({ wrong, unjudged, failed, permitted, denied }: Load): void {
  assert.deepEqual({ wrong: wrong.slice(0, 3), unjudged, failed }, { wrong: [], unjudged: 0, failed: 0 })
  assert.ok(permitted > 0 && denied > 0, `${permitted} permitted, ${denied} denied`)
}

import type { GuardedField } from '../policy/catalogue.ts'
import { scopeProblem } from '../policy/own-fields.ts'
import { quote } from '../wording/quote.ts'
import { rowSentence } from '../wording/row-problem.ts'
import type { Api } from './api.ts'
import { discoverKinds } from './discovery.ts'

/**
 * Returns why guarded fields of the configuration cannot work in this cluster, a sentence each. It ignores kinds that
 * the cluster does not serve: their CRDs may be installed later.
 *
 * @throws ApiError, or Error if the API server cannot be reached
 */
export async function unservableRows(api: Api, rows: readonly GuardedField[], signal: AbortSignal): Promise<string[]> {
  const problems: string[] = []
  for (const [group, ofGroup] of Map.groupBy(rows, ({ from }) => from.group)) {
    const served = await discoverKinds(api, group, signal)
    for (const { from, path } of ofGroup) {
      const kind = served.find(({ kind }) => kind === from.kind)
      if (!kind) continue
      const row = `the guarded field ${quote(path)} of ${quote(from.kind)}`
      const scope = scopeProblem(from, kind.namespaced ? [] : [from])
      if (scope) problems.push(`${row} ${rowSentence(scope)}`)
      else if (kind.plural !== from.plural)
        problems.push(`${row} has the plural ${quote(from.plural)}: the cluster calls it ${quote(kind.plural)}`)
    }
  }
  return problems
}

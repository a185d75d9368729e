import { API_VERSION } from '../admission/names.ts'
import { Api } from '../cluster/api.ts'
import { type ConnectionChoice, connectionFrom } from '../cluster/connection.ts'
import type { Part } from '../manifests/parts.ts'
import { toJson } from '../report/json.ts'
import { type Comparison, compare, driftLines, toleratedLines, type Wanted } from '../runtime/comparison.ts'
import { EXIT, Failure } from '../system/failure.ts'
import { visible } from '../wording/quote.ts'
import { print } from './print.ts'

/** How long `--diff` may wait for the API server, in ms. */
const DIFF = 15_000

interface DiffOptions extends ConnectionChoice {
  readonly output: 'yaml' | 'json'
}

/**
 * Prints where the live objects differ from the wanted ones.
 *
 * @throws Failure if the live objects cannot be read
 */
export async function printDifferences(parts: readonly Part[], wanted: Wanted, options: DiffOptions): Promise<void> {
  const comparisons = (await compared(wanted, options)).filter(({ part }) => parts.includes(part))
  if (options.output === 'json') {
    await print(toJson({ apiVersion: API_VERSION, kind: 'DriftReport', objects: comparisons }))
  } else {
    const lines = comparisons.flatMap((one) => [...driftLines(one), ...toleratedLines(one)])
    await print(lines.map((line) => `${visible(line)}\n`))
  }
  if (comparisons.some(({ differences }) => differences.length > 0)) process.exitCode = EXIT.findings
}

async function compared(wanted: Wanted, choice: ConnectionChoice): Promise<Comparison[]> {
  try {
    return await compare(new Api(connectionFrom(choice)), wanted, AbortSignal.timeout(DIFF))
  } catch (error) {
    throw new Failure(`cannot read the live objects: ${(error as Error).message}`, { cause: error })
  }
}

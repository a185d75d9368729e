import { Api } from '../cluster/api.ts'
import { type ConnectionChoice, connectionFrom } from '../cluster/connection.ts'
import { type Comparison, compare, type Wanted } from '../runtime/comparison.ts'
import { Failure } from '../system/failure.ts'

/** How long `--diff` may wait for the API server, in ms. */
const DIFF = 15_000

/**
 * Compares the live objects with the wanted ones, with the rights of the user.
 *
 * @throws Failure if the live objects cannot be read
 */
export async function comparisonsWith(wanted: Wanted, choice: ConnectionChoice): Promise<Comparison[]> {
  try {
    return await compare(new Api(connectionFrom(choice)), wanted, AbortSignal.timeout(DIFF))
  } catch (error) {
    throw new Failure(`cannot read the live objects: ${(error as Error).message}`, { cause: error })
  }
}

import { Api } from '../cluster/api.ts'
import { type ConnectionChoice, connectionFrom } from '../cluster/connection.ts'
import { Failure } from '../system/failure.ts'

/**
 * Returns a client for the chosen cluster. It sends nothing.
 *
 * @throws Failure if the kubeconfig cannot be used
 */
export function apiOf(choice: ConnectionChoice): Api {
  try {
    return new Api(connectionFrom(choice))
  } catch (error) {
    // The YAML parser adds an excerpt of the file on further lines.
    const [reason = ''] = (error as Error).message.split('\n')
    const remedy = reason.includes('--') ? '' : ' (name another one with --kubeconfig)'
    throw new Failure(`cannot use the kubeconfig: ${reason}${remedy}`, { cause: error })
  }
}

import { Api } from '../cluster/api.ts'
import { type ConnectionChoice, connectionFrom } from '../cluster/connection.ts'
import { Failure } from '../system/failure.ts'
import { quote } from '../wording/quote.ts'

/**
 * Returns a client for the chosen cluster. It sends nothing.
 *
 * @throws Failure if the kubeconfig cannot be used
 */
export function apiOf(choice: ConnectionChoice): Api {
  try {
    const connection = connectionFrom(choice)
    const { server } = connection
    if (!URL.canParse(server) || new URL(server).protocol !== 'https:')
      throw new Error(`its server ${quote(server)} is not an https:// address`)
    return new Api(connection)
  } catch (error) {
    // The YAML parser adds an excerpt of the file on further lines.
    const [reason = ''] = (error as Error).message.split('\n')
    const remedy = reason.includes('--') ? '' : ' (name another one with --kubeconfig)'
    throw new Failure(`cannot use the kubeconfig: ${reason}${remedy}`, { cause: error })
  }
}

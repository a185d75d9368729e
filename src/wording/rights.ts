import { documentation } from './documentation.ts'
import { quote } from './quote.ts'

const ROLE = `a ClusterRole with the verb list for these resources (${documentation('security.md')})`

/** Returns what a user lacks who may not list what an audit reads: in one namespace or, without one, in all. */
export function listRights(namespace: string | undefined): string {
  return namespace === undefined
    ? `you need a ClusterRoleBinding to ${ROLE}; if you have rights in one namespace only, use -n NAMESPACE`
    : `you need a RoleBinding in namespace ${quote(namespace)} to ${ROLE}`
}

import { gatewayApiCrds } from '../harness/control-plane/gateway-api.ts'
import { type Node, startNode } from './node.ts'

/**
 * Starts a node, or more, with the kinds of Gateway API and the namespaces of the examples.
 *
 * @throws Error if this machine cannot run one, or something of it does not start; nothing is left running then
 */
export async function startGatewayCluster(signal?: AbortSignal, nodes?: number): Promise<Node> {
  const node = await startNode(signal, nodes)
  try {
    await node.api.installCrds(await gatewayApiCrds('v1.7.0', 'experimental'))
    for (const name of ['shop', 'billing'])
      await node.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    return node
  } catch (error) {
    await node.stop()
    throw error
  }
}

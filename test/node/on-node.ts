import { after, before } from 'node:test'
import type { Helm } from '../harness/control-plane/helm.ts'
import { LONG } from '../harness/traffic/faults.ts'
import { startGatewayCluster } from './gateway-cluster.ts'
import type { Node } from './node.ts'
import { Release } from './release.ts'

/** A node with Gateway API, and refgrant on it. */
interface OnNode {
  readonly node: Node
  readonly release: Release
}

interface Options {
  readonly helm?: Helm
  readonly nodes?: number
}

/** The options of a suite that takes minutes. */
export const ONLY_LONG = { skip: !LONG && 'it takes minutes: make test-long' }

/**
 * Starts a node before the tests of the suite that calls this, and stops it after them. Its fields exist once the tests run.
 *
 * @param prepare installs refgrant, for example
 */
export function onNode(
  prepare: (release: Release) => Promise<unknown> = async () => {},
  { helm = 4, nodes = 1 }: Options = {},
): OnNode {
  const on: { -readonly [Field in keyof OnNode]?: OnNode[Field] } = {}
  before(async () => {
    on.node = await startGatewayCluster(undefined, nodes)
    on.release = await Release.on(on.node, helm)
    await prepare(on.release)
  })
  after(() => on.node?.stop())
  return on as OnNode
}

import path from 'node:path'
import type { ApiObject } from '../objects/api-object.ts'
import { crdsIn, moduleFolder } from './go-modules.ts'

const MODULE = 'sigs.k8s.io/gateway-api'

/**
 * The CRDs of a release of Gateway API, from its Go module.
 *
 * @param release such as `v1.7.0`
 * @throws Error if the module cannot be had
 */
export async function gatewayApiCrds(release: string, channel: 'standard' | 'experimental'): Promise<ApiObject[]> {
  return crdsIn(path.join(await moduleFolder(MODULE, release), 'config', 'crd', channel))
}

import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Refgrant, startRefgrant } from '../program/refgrant.ts'
import { type Result, run } from '../program/run.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { gatewayApiCrds } from './gateway-api.ts'
import { kubectl, register, serverAccount } from './guarded-cluster.ts'

/** The release of Gateway API that tests are about unless they say otherwise. */
const GATEWAY_API = 'v1.7.0'

/** A real control plane with Gateway API, and an account for refgrant under the rights of its manifests. */
export interface Cluster {
  readonly controlPlane: ControlPlane
  /** Kubeconfig of refgrant's account. */
  readonly account: string
  /** Folder with certificates for 127.0.0.1. */
  readonly certs: string
  kubectl(argv: readonly string[], input?: string): Promise<Result>
  namespaces(...names: string[]): Promise<void>
}

/**
 * @param release the release of Gateway API whose CRDs are installed, experimental channel
 * @param signal ends the start, or what has started
 */
export async function startCluster(
  release = GATEWAY_API,
  apiServerFlags: readonly string[] = [],
  signal?: AbortSignal,
): Promise<Cluster> {
  const folder = await mkdtemp(path.join(tmpdir(), 'refgrant-'))
  const certs = path.join(folder, 'certs')
  await run(process.execPath, ['src/cli.ts', 'certs', '--out', certs])
  const crds = await gatewayApiCrds(release, 'experimental')
  const controlPlane = await startControlPlane({
    folder: path.join(folder, 'data'),
    apiServerFlags,
    ...(signal && { signal }),
  })
  try {
    await controlPlane.api.installCrds(crds)
    return {
      controlPlane,
      account: await serverAccount(controlPlane),
      certs,
      kubectl: (argv, input) => kubectl(controlPlane, argv, input),
      namespaces: (...names) =>
        controlPlane.api.apply(...names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))),
    }
  } catch (error) {
    // Nobody else could stop it, and while it runs the test run does not end.
    await controlPlane.stop()
    throw error
  }
}

/**
 * Starts refgrant against the cluster, and registers it there under failurePolicy Fail.
 *
 * @param nodeOptions options of the Node that it runs on
 * @param more further arguments
 * @param settings further arguments of `refgrant manifests`
 */
export async function startGuard(
  cluster: Cluster,
  kubeconfig = cluster.account,
  nodeOptions: readonly string[] = [],
  more: readonly string[] = [],
  settings: readonly string[] = [],
): Promise<Refgrant> {
  const grants = ['--kubeconfig', kubeconfig]
  const refgrant = await startRefgrant({ certs: cluster.certs, grants, nodeOptions, more })
  try {
    await register(cluster.controlPlane, refgrant, path.join(cluster.certs, 'ca.crt'), settings)
    return refgrant
  } catch (error) {
    // As with the control plane.
    await refgrant.stop()
    throw error
  }
}

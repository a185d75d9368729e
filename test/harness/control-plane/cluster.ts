import path from 'node:path'
import { newFolder } from '../folders.ts'
import { certificates } from '../program/certificates.ts'
import { type Refgrant, type RefgrantOptions, startRefgrant } from '../program/refgrant.ts'
import type { Result } from '../program/run.ts'
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts'
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

/** Does one step of a start, which may take a while. */
type Step = <T>(what: string, work: () => Promise<T>) => Promise<T>

const inSilence: Step = (_what, work) => work()

interface ClusterOptions extends Pick<ControlPlaneOptions, 'apiServerFlags' | 'kubernetes'> {
  /** The release of Gateway API whose CRDs are installed, experimental channel. */
  readonly release?: string | undefined
  /** A new folder for the data of the control plane; one among temporary files by default. */
  readonly folder?: string
  /** Folder with certificates for 127.0.0.1. */
  readonly certs?: string
  /** Ends the start, or what has started. */
  readonly signal?: AbortSignal | undefined
  readonly step?: Step
}

/** @throws Error if the control plane does not start; nothing is left running then */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { release = GATEWAY_API, apiServerFlags = [], kubernetes, signal, step = inSilence } = options
  const folder = options.folder ?? path.join(newFolder(), 'data')
  const certs = options.certs ?? (await certificates())
  const controlPlane = await step('starting etcd and kube-apiserver', () =>
    startControlPlane({ folder, apiServerFlags, ...(kubernetes && { kubernetes }), ...(signal && { signal }) }),
  )
  try {
    await step(`installing the CRDs of Gateway API ${release}`, async () =>
      controlPlane.api.installCrds(await gatewayApiCrds(release, 'experimental')),
    )
    return {
      controlPlane,
      account: await serverAccount(controlPlane),
      certs,
      kubectl: (argv, input) => kubectl(controlPlane, argv, input),
      namespaces: (...names) =>
        controlPlane.api.apply(...names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))),
    }
  } catch (error) {
    // Nothing else stops it, and the test run does not end while it runs.
    await controlPlane.stop()
    throw error
  }
}

interface GuardOptions extends Pick<RefgrantOptions, 'nodeOptions' | 'more' | 'onLine' | 'signal'> {
  /** What refgrant reaches the API server by; its account by default. */
  readonly kubeconfig?: string
  /** The configuration file of refgrant and its manifests. */
  readonly config?: string | undefined
  /** Fail by default, so that a lost review shows. */
  readonly failurePolicy?: 'Fail' | 'Ignore'
  readonly step?: Step
}

/** Starts refgrant against the cluster, and registers it there. */
export async function startGuard(
  cluster: Cluster,
  {
    kubeconfig = cluster.account,
    config,
    failurePolicy = 'Fail',
    more = [],
    step = inSilence,
    ...options
  }: GuardOptions = {},
): Promise<Refgrant> {
  const configured = ['--failure-policy', failurePolicy, ...(config === undefined ? [] : ['--config', config])]
  const grants = ['--kubeconfig', kubeconfig, ...configured]
  const refgrant = await step('starting refgrant under its own service account', () =>
    startRefgrant({ certs: cluster.certs, grants, more, ...options }),
  )
  try {
    await step('registering the webhook', () =>
      register(cluster.controlPlane, refgrant, path.join(cluster.certs, 'ca.crt'), configured),
    )
    return refgrant
  } catch (error) {
    // As with the control plane.
    await refgrant.stop()
    throw error
  }
}

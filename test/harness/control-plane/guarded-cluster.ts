import { parseAllDocuments } from 'yaml'
import type { ApiObject } from '../objects/api-object.ts'
import { refgrant } from '../program/cli.ts'
import type { Refgrant } from '../program/refgrant.ts'
import { type Result, run } from '../program/run.ts'
import { until } from '../until.ts'
import type { ControlPlane } from './control-plane.ts'

/** Objects that the command line prints. */
export async function printed(...argv: string[]): Promise<ApiObject[]> {
  const { code, stdout, stderr } = await refgrant(argv)
  if (code !== 0) throw new Error(`refgrant ${argv.join(' ')}: exit code ${code}: ${stderr}`)
  return parseAllDocuments(stdout).map((document) => document.toJS() as ApiObject)
}

/**
 * Creates the server's account with the rights that the manifests give it; returns a kubeconfig of that account.
 *
 * @param settings further arguments of `refgrant manifests`; the rights of a server with certificates in files by default
 */
export async function serverAccount(
  controlPlane: ControlPlane,
  settings: readonly string[] = ['--certificates', 'files'],
): Promise<string> {
  await controlPlane.api.apply(...(await printed('manifests', 'rbac', ...settings)))
  return controlPlane.kubeconfigFor('refgrant', await controlPlane.api.token('refgrant-system', 'refgrant'))
}

/** What makes a lost review show: the API server refuses the write. */
const STRICT = ['--failure-policy', 'Fail']

/**
 * Writes the registration as the manifests have it, under failurePolicy Fail unless the settings say otherwise; the API
 * server goes by it a moment later.
 */
export async function applyRegistration(
  { api }: ControlPlane,
  { url }: Pick<Refgrant, 'url'>,
  caFile: string | undefined,
  settings: readonly string[],
): Promise<void> {
  const ca = caFile === undefined ? [] : ['--ca', caFile]
  const how = ['--url', new URL(url).origin, ...ca, ...STRICT, ...settings]
  await api.apply(...(await printed('manifests', 'webhook', ...how)))
}

/** A namespace in which violations are refused, whatever the mode of the others. */
const PROBED = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'refgrant-probe', labels: { 'refgrant.dev/mode': 'deny' } },
}

/**
 * Registers the webhook as the manifests do, and waits until the API server calls it.
 *
 * @param caFile the authorities; undefined if the server writes them itself
 * @param settings further arguments of `refgrant manifests`
 */
export async function register(
  controlPlane: ControlPlane,
  server: Pick<Refgrant, 'url'> & Partial<Pick<Refgrant, 'log'>>,
  caFile: string | undefined,
  settings: readonly string[] = [],
): Promise<void> {
  const { api } = controlPlane
  await api.apply(PROBED)
  await applyRegistration(controlPlane, server, caFile, settings)
  // The registration reaches the API server's admission through a watch of its own: a refusal shows that it has, or a review, where
  // the configuration exempts the probe.
  const probe: ApiObject = {
    // The version that every release of Gateway API serves.
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'HTTPRoute',
    metadata: { name: 'probe', namespace: PROBED.metadata.name },
    spec: { rules: [{ backendRefs: [{ name: 'nothing', namespace: 'nowhere', port: 80 }] }] },
  }
  const reviews = () => server.log?.filter(({ msg }) => msg === 'review').length ?? 0
  const before = reviews()
  await until(
    'the webhook is called',
    async () => (await api.create(probe, '?dryRun=All')).status === 403 || reviews() > before,
  )
}

/** kubectl as an administrator of the control plane. */
export function kubectl(
  { kubectl: program, kubeconfig }: ControlPlane,
  argv: readonly string[],
  input = '',
): Promise<Result> {
  return run(program, ['--kubeconfig', kubeconfig, ...argv], { input })
}

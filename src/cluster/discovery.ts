import type { Api } from './api.ts'

/** The group that ReferenceGrant belongs to. */
const GROUP = 'gateway.networking.k8s.io'

/** Versions of ReferenceGrant, the best first. All have one shape; v1beta1 is served by every release since v0.6. */
const VERSIONS = ['v1', 'v1beta1', 'v1alpha2']

/**
 * The API path of the best version of ReferenceGrant that is served, or undefined if the API server says that it
 * serves none. An answer is a fact: whatever else goes wrong is thrown, and means that nothing is known.
 */
export async function discoverGrants(api: Api, signal: AbortSignal): Promise<string | undefined> {
  const { groups } = (await api.get('/apis', signal)) as {
    groups: { name: string; versions: { version: string }[] }[]
  }
  const served = new Set(groups.find(({ name }) => name === GROUP)?.versions.map(({ version }) => version))
  for (const version of VERSIONS.filter((known) => served.has(known))) {
    const path = `/apis/${GROUP}/${version}`
    const { resources } = (await api.get(path, signal)) as { resources: { name: string }[] }
    if (resources.some(({ name }) => name === 'referencegrants')) return path
  }
  return undefined
}

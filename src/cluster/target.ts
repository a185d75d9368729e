import type { Shape } from '../json/shape.ts'
import { isMatching, labelsOf } from '../policy/label-selector.ts'
import { podSelector, policiesSelecting } from '../policy/network-policies.ts'
import type { ObjectName } from '../policy/reference.ts'
import { quote } from '../wording/quote.ts'
import type { PodPolicies, TargetFacts } from '../wording/target.ts'
import type { Api } from './api.ts'
import { discoverKinds } from './discovery.ts'
import { listPages } from './list.ts'
import { listPath, objectPath } from './paths.ts'
import { unlessForbidden } from './readable-grants.ts'

/** The form of an answer with the metadata only. Source: Kubernetes, "Kubernetes API Concepts", metadata-only fetches. */
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'

/** The most that is kept of one object, in bytes of its JSON. */
const LARGEST = 256 * 1024

/**
 * Reads whether a target exists and, for a Service, which NetworkPolicies select its Pods; with the rights of the caller.
 *
 * @throws ApiError or Error if the API server cannot be reached, or fails for another reason than missing rights
 */
export async function targetFacts(api: Api, to: ObjectName, signal: AbortSignal): Promise<TargetFacts> {
  const kind = (await discoverKinds(api, to.group, signal)).find((one) => one.kind === to.kind)
  if (!kind) return { exists: 'the cluster does not serve its kind' }
  const isService = to.group === '' && to.kind === 'Service'
  const path = objectPath(kind.path, kind.plural, to.namespace, to.name)
  // Only of a Service more than the metadata is read: a Secret stays secret.
  const form = isService ? undefined : METADATA
  const found = await unlessForbidden(async () => ({ object: await api.find(path, signal, form) }))
  if (!found) return { exists: `you may not get ${kind.plural} in namespace ${quote(to.namespace)}` }
  if (found.object === undefined) return { exists: false }
  return isService
    ? { exists: true, policies: await policiesOf(api, to.namespace, found.object, signal) }
    : { exists: true }
}

async function policiesOf(
  api: Api,
  namespace: string,
  service: unknown,
  signal: AbortSignal,
): Promise<PodPolicies | string> {
  const selector = podSelector(service)
  if (typeof selector === 'string') return selector
  const pods = await unlessForbidden(() =>
    listed(api, listPath('/api/v1', 'pods', namespace), { metadata: { labels: 'whole' } }, signal),
  )
  if (!pods) return `you may not list pods in namespace ${quote(namespace)}`
  const policies = await unlessForbidden(() =>
    listed(
      api,
      listPath('/apis/networking.k8s.io/v1', 'networkpolicies', namespace),
      { metadata: { name: 'whole' }, spec: { podSelector: 'whole', policyTypes: 'whole' } },
      signal,
    ),
  )
  if (!policies) return `you may not list networkpolicies.networking.k8s.io in namespace ${quote(namespace)}`
  const labels = pods.map(labelsOf).filter((one) => isMatching(selector, one))
  return { pods: labels.length, selecting: policiesSelecting(policies, labels) }
}

async function listed(api: Api, path: string, shape: Shape, signal: AbortSignal): Promise<unknown[]> {
  let objects: unknown[] = []
  const sink = {
    begin: () => {
      objects = []
    },
    take: (object: unknown) => {
      objects.push(object)
    },
  }
  await listPages(api, path, shape, sink, signal, { most: LARGEST })
  return objects
}

import type { Shape } from '../json/shape.ts'
import { isMatching, type Labels, selects } from '../policy/label-selector.ts'
import { property } from '../policy/property.ts'
import type { ObjectName } from '../policy/reference.ts'
import { quote } from '../wording/quote.ts'
import type { SelectingPolicy, TargetFacts } from '../wording/target.ts'
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
): Promise<Exclude<TargetFacts['policies'], undefined>> {
  const selector = property(property(service, 'spec'), 'selector')
  if (typeof selector !== 'object' || selector === null || Object.keys(selector).length === 0)
    return 'the Service has no selector, so its Pods are not known'
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
  const selecting = policies.map((policy) => selectingPolicy(policy, labels)).filter((one) => one.pods > 0)
  return { pods: labels.length, selecting }
}

const labelsOf = (pod: unknown): Labels => (property(property(pod, 'metadata'), 'labels') ?? {}) as Labels

function selectingPolicy(policy: unknown, pods: readonly Labels[]): SelectingPolicy {
  const spec = property(policy, 'spec')
  const types = property(spec, 'policyTypes')
  return {
    name: String(property(property(policy, 'metadata'), 'name')),
    types: Array.isArray(types) ? types.map(String) : [],
    pods: pods.filter((labels) => selects(property(spec, 'podSelector'), labels)).length,
  }
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

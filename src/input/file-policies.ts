import type { FileObject } from '../files/object-files.ts'
import { isMatching, labelsOf } from '../policy/label-selector.ts'
import { podSelector, policiesBySelector, policiesSelecting } from '../policy/network-policies.ts'
import { property } from '../policy/property.ts'
import type { ObjectName } from '../policy/reference.ts'
import type { FilePolicies } from '../wording/target.ts'

/** Where the objects that create Pods have the template of these, by group and kind. A Pod is its own. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  '/Pod': [],
  '/ReplicationController': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
  'batch/Job': ['spec', 'template'],
}

/**
 * Returns which NetworkPolicies among the objects of files select what a Service selects; undefined for what has no Pods, and if
 * there is no NetworkPolicy in its namespace. Pod labels are those of workloads or, without one that the Service selects, those that
 * its selector names.
 */
export function filePolicies(objects: readonly FileObject[], to: ObjectName): FilePolicies | undefined {
  if (to.group !== '' || to.kind !== 'Service') return undefined
  // Of several objects with the same name the last counts.
  const there = new Map(
    objects.filter(({ name }) => name.namespace === to.namespace).map((one) => [keyOf(one.name), one]),
  )
  const policies = [...there.values()]
    .filter(({ name }) => name.group === 'networking.k8s.io' && name.kind === 'NetworkPolicy')
    .map(({ object }) => object)
  if (policies.length === 0) return undefined
  const service = there.get(keyOf(to))
  if (!service) return 'the Service is not in the files'
  const selector = podSelector(service.object)
  if (typeof selector === 'string') return selector
  const workloads = [...there.values()].flatMap(podLabels).filter((labels) => isMatching(selector, labels))
  return workloads.length > 0
    ? { workloads: workloads.length, selecting: policiesSelecting(policies, workloads) }
    : policiesBySelector(policies, selector)
}

const keyOf = ({ group, kind, name }: ObjectName) => JSON.stringify([group, kind, name])

function podLabels({ name: { group, kind }, object }: FileObject) {
  const path = TEMPLATES[`${group}/${kind}`]
  return path ? [labelsOf(path.reduce(property, object as unknown))] : []
}

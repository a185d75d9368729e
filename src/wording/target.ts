import type { SelectingPolicy } from '../policy/network-policies.ts'
import type { ObjectName } from '../policy/reference.ts'
import { counted } from './counted.ts'
import { targetTitle } from './objects.ts'
import { quote, visible } from './quote.ts'

/** The target of a reference in a cluster, as far as the caller may read it. */
export interface TargetFacts {
  /** Whether it exists; a text says why that is not known. */
  readonly exists: boolean | string
  /** The NetworkPolicies that select its Pods; a text says why they are not known; absent for what has no Pods. */
  readonly policies?: PodPolicies | string
}

/** The NetworkPolicies that select the Pods of a Service. */
export interface PodPolicies {
  readonly pods: number
  readonly selecting: readonly SelectingPolicy[]
}

/** The NetworkPolicies of files that select what a Service selects, as far as files show it; a text says why that is not known. */
export type FilePolicies = WorkloadPolicies | SelectorPolicies | string

/** The NetworkPolicies that select the Pod labels of workloads in files. */
interface WorkloadPolicies {
  readonly workloads: number
  readonly selecting: readonly SelectingPolicy[]
}

/** Without such workloads: the NetworkPolicies that select every Pod of the Service, and those that may select some of them. */
interface SelectorPolicies {
  readonly all: readonly SelectingPolicy[]
  readonly perhaps: readonly SelectingPolicy[]
}

/** The most NetworkPolicies that a text names; the others are counted. */
const NAMED = 20

/** Returns what is known of a target: a sentence about its existence, and one about NetworkPolicies. Concludes nothing from them. */
export function targetSentences(to: ObjectName, { exists, policies }: TargetFacts): string[] {
  const title = `${targetTitle(to)} in namespace ${quote(to.namespace)}`
  if (typeof exists === 'string') return [`Whether ${title} exists is not known: ${visible(exists)}.`]
  if (!exists) return [`${title} does not exist.`]
  return [`${title} exists.`, ...(policies === undefined ? [] : [policySentence(policies)])]
}

function policySentence(policies: PodPolicies | string): string {
  if (typeof policies === 'string') return `Which NetworkPolicies select its Pods is not known: ${visible(policies)}.`
  const { pods, selecting } = policies
  if (pods === 0) return 'It selects no Pods.'
  if (selecting.length === 0) return `No NetworkPolicy selects its ${counted(pods, 'Pod')}.`
  return `NetworkPolicies that select its ${counted(pods, 'Pod')}: ${listed(selecting, pods)}.`
}

/** Returns what files say about the NetworkPolicies of a target. Concludes nothing from them. */
export function filePolicySentences(to: ObjectName, policies: FilePolicies): string[] {
  const title = `${targetTitle(to)} in namespace ${quote(to.namespace)}`
  if (typeof policies === 'string')
    return [`Which NetworkPolicies in the files select the Pods of ${title} is not known: ${visible(policies)}.`]
  return [...('workloads' in policies ? byWorkloads(title, policies) : bySelector(title, policies)), LIMIT]
}

/** What files do not show. */
const LIMIT =
  'The Pods of a cluster, and its other NetworkPolicies, are not in the files: to read the cluster, add --live.'

function byWorkloads(title: string, { workloads, selecting }: WorkloadPolicies): string[] {
  const ofTitle = `Pods of ${title}, by the Pod labels of ${counted(workloads, 'workload')}`
  return selecting.length === 0
    ? [`No NetworkPolicy in the files selects ${ofTitle}.`]
    : [`NetworkPolicies in the files that select ${ofTitle}: ${listed(selecting, workloads)}.`]
}

function bySelector(title: string, { all, perhaps }: SelectorPolicies): string[] {
  if (all.length + perhaps.length === 0) return [`No NetworkPolicy in the files selects Pods of ${title}.`]
  const every = `every Pod of ${title}`
  return [
    all.length === 0
      ? `No NetworkPolicy in the files selects ${every} by its selector alone.`
      : `NetworkPolicies in the files that select ${every}: ${listed(all)}.`,
    ...(perhaps.length === 0
      ? []
      : [`Those that may select some, by labels that its selector does not name: ${listed(perhaps)}.`]),
  ]
}

/** @param of how many there are to select */
function listed(policies: readonly SelectingPolicy[], of = 0): string {
  const named = policies.slice(0, NAMED).map(({ name, types, selected }) => {
    const words = [types.map(visible).join(' and '), of > 0 ? `${selected} of ${of}` : '']
    return `${quote(name)} (${words.filter((one) => one !== '').join(', ')})`
  })
  const more = policies.length > NAMED ? ` and ${policies.length - NAMED} more (-o json prints all)` : ''
  return `${named.join(', ')}${more}`
}

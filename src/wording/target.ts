import type { ObjectName } from '../policy/reference.ts'
import { counted } from './counted.ts'
import { targetTitle } from './objects.ts'
import { quote, visible } from './quote.ts'

/** A NetworkPolicy that selects Pods of a target. */
export interface SelectingPolicy {
  readonly name: string
  /** The directions that it is about: `Ingress`, `Egress`. */
  readonly types: readonly string[]
  /** How many of the target's Pods it selects. */
  readonly pods: number
}

/** The target of a reference, as far as the caller may read it. */
export interface TargetFacts {
  /** Whether it exists; a text says why that is not known. */
  readonly exists: boolean | string
  /** The NetworkPolicies that select its Pods; a text says why they are not known; absent for what has no Pods. */
  readonly policies?: { readonly pods: number; readonly selecting: readonly SelectingPolicy[] } | string
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

function policySentence(policies: Exclude<TargetFacts['policies'], undefined>): string {
  if (typeof policies === 'string') return `Which NetworkPolicies select its Pods is not known: ${visible(policies)}.`
  const { pods, selecting } = policies
  const ofPods = counted(pods, 'Pod')
  if (pods === 0) return 'It selects no Pods.'
  if (selecting.length === 0) return `No NetworkPolicy selects its ${ofPods}.`
  const named = selecting.slice(0, NAMED).map((one) => {
    const types = one.types.length > 0 ? `${one.types.map(visible).join(' and ')}, ` : ''
    return `${quote(one.name)} (${types}${one.pods} of ${pods})`
  })
  const more = selecting.length > NAMED ? `, and ${selecting.length - NAMED} more` : ''
  return `NetworkPolicies that select its ${ofPods}: ${named.join(', ')}${more}.`
}

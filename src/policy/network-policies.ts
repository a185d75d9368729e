import { type Labels, selectedBy, selects } from './label-selector.ts'
import { property } from './property.ts'

/** A NetworkPolicy that selects Pods. */
export interface SelectingPolicy {
  readonly name: string
  /** The directions that it is about: `Ingress`, `Egress`. */
  readonly types: readonly string[]
  /** How many sets of labels it selects; 0 if there are none to count. */
  readonly selected: number
}

/** Returns the selector of a Service, or why it has none that selects Pods. */
export function podSelector(service: unknown): Labels | string {
  const spec = property(service, 'spec')
  // Source: Kubernetes, API reference, ServiceSpec, selector.
  if (property(spec, 'type') === 'ExternalName') return 'the Service has the type ExternalName, which selects no Pods'
  const selector = property(spec, 'selector')
  if (typeof selector !== 'object' || selector === null || Object.keys(selector).length === 0)
    return 'the Service has no selector, so its Pods are not known'
  return selector as Labels
}

/** Returns the NetworkPolicies that select some of these labels of Pods. */
export function policiesSelecting(policies: readonly unknown[], pods: readonly Labels[]): SelectingPolicy[] {
  return policies
    .map((policy) => describe(policy, pods.filter((labels) => selects(selectorOf(policy), labels)).length))
    .filter(({ selected }) => selected > 0)
}

/**
 * Returns, by the selector of a Service alone, the NetworkPolicies that select all of its Pods, and those that select a Pod or not by
 * labels that the selector does not name.
 */
export function policiesBySelector(policies: readonly unknown[], selector: Labels) {
  const those = (wanted: 'always' | 'depends') =>
    policies.filter((one) => selectedBy(selectorOf(one), selector) === wanted).map((one) => describe(one, 0))
  return { all: those('always'), perhaps: those('depends') }
}

const selectorOf = (policy: unknown) => property(property(policy, 'spec'), 'podSelector')

function describe(policy: unknown, selected: number): SelectingPolicy {
  return { name: String(property(property(policy, 'metadata'), 'name')), types: typesOf(policy), selected }
}

/** Returns the directions of a NetworkPolicy, which a file may leave to the default. Source: Kubernetes, API reference, NetworkPolicySpec, policyTypes. */
function typesOf(policy: unknown): string[] {
  const spec = property(policy, 'spec')
  const [types, egress] = [property(spec, 'policyTypes'), property(spec, 'egress')]
  if (Array.isArray(types) && types.length > 0) return types.map(String)
  return Array.isArray(egress) && egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

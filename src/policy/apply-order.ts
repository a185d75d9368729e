/** The tools whose order of writes is known. */
export const TOOLS = ['helm', 'argocd', 'flux', 'kubectl'] as const
export type Tool = (typeof TOOLS)[number]

/** An object that a tool applies, as far as its turn depends on it. */
export interface Applied {
  readonly kind: string
  readonly name: string
  readonly annotations: Readonly<Record<string, unknown>>
  /** The place in the order of the files. */
  readonly index: number
}

/** Whether a tool applies a grant only after an object that needs it, or may do so. */
export function isLater(tool: Tool, grant: Applied, object: Applied): boolean {
  switch (tool) {
    case 'helm':
      return compare(helmKey(grant), helmKey(object)) >= 0
    case 'argocd':
      return compare(argoKey(grant), argoKey(object)) >= 0
    case 'flux':
      // Before it applies the objects of a Kustomization, it asks the API server about each in a dry run.
      // Source: github.com/fluxcd/pkg/ssa, manager_apply.go (ApplyAll).
      return true
    case 'kubectl':
      return grant.index > object.index
  }
}

type Key = readonly (number | string)[]

function compare(a: Key, b: Key): number {
  const at = a.findIndex((part, index) => part !== b[index])
  if (at === -1) return 0
  return (a[at] as number | string) < (b[at] as number | string) ? -1 : 1
}

/** The kinds with guarded fields that Helm and Argo CD know. They apply those that they do not know after all others. */
const KNOWN = new Set(['PersistentVolumeClaim', 'StatefulSet', 'Deployment', 'Pod'])

/**
 * The hooks of an installation come first, by weight; then kind after kind, and unknown kinds by their names.
 *
 * Source: Helm, pkg/action/install.go and hooks.go; pkg/release/util, kind_sorter.go.
 */
function helmKey({ kind, annotations }: Applied): Key {
  const hooks = listed(annotations['helm.sh/hook'])
  if (hooks.includes('pre-install')) return [0, number(annotations['helm.sh/hook-weight'])]
  if (hooks.includes('post-install')) return [2, number(annotations['helm.sh/hook-weight'])]
  return [1, KNOWN.has(kind) ? 0 : 1, kind]
}

/** The phases of a sync, by the hooks of Argo CD and of Helm. */
const PHASES: Record<string, number> = {
  PreSync: 0,
  Sync: 1,
  PostSync: 2,
  'pre-install': 0,
  'pre-upgrade': 0,
  'post-install': 2,
  'post-upgrade': 2,
}

/**
 * By phase, wave, kind and name. Kinds that it does not know are equal.
 *
 * Source: github.com/argoproj/gitops-engine, pkg/sync/sync_tasks.go (Less).
 */
function argoKey({ kind, name, annotations }: Applied): Key {
  const hooks = [...listed(annotations['argocd.argoproj.io/hook']), ...listed(annotations['helm.sh/hook'])]
  const phase = hooks.map((hook) => PHASES[hook]).find((one) => one !== undefined) ?? 1
  const wave = number(annotations['argocd.argoproj.io/sync-wave'] ?? annotations['helm.sh/hook-weight'])
  return [phase, wave, KNOWN.has(kind) ? 0 : 1, name]
}

const listed = (value: unknown) => (typeof value === 'string' ? value.split(',').map((one) => one.trim()) : [])
const number = (value: unknown) => Number.parseInt(String(value), 10) || 0

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

/**
 * Why a grant is not there when a tool applies an object at the first installation: the tool applies it later, or may do so;
 * deletes it before; or does not apply it at an installation.
 */
export type Absence = 'later' | 'deleted' | 'never'

/** Returns why a grant is not there when a tool applies an object; undefined if it is, or if the tool does not apply the object. */
export function absence(tool: Tool, grant: Applied, object: Applied): Absence | undefined {
  switch (tool) {
    case 'helm':
      return between(helmTurn(grant), helmTurn(object), isDeletedBySuccess(grant))
    case 'argocd':
      return between(argoTurn(grant), argoTurn(object))
    case 'flux':
      // Before it applies the objects of a Kustomization, it asks the API server about each in a dry run.
      // Source: github.com/fluxcd/pkg/ssa, manager_apply.go (ApplyAll).
      return 'later'
    case 'kubectl':
      return grant.index > object.index ? 'later' : undefined
  }
}

/** The phase of an installation, and the place in it. */
type Turn = readonly [phase: number, ...Key]

/**
 * @param grant the turn of the grant; undefined if it is not applied
 * @param isShort whether the grant is deleted at the end of its phase
 */
function between(grant: Turn | undefined, object: Turn | undefined, isShort = false): Absence | undefined {
  if (!object) return undefined
  if (!grant) return 'never'
  if (compare(grant, object) >= 0) return 'later'
  return isShort && grant[0] < object[0] ? 'deleted' : undefined
}

type Key = readonly (number | string)[]

function compare(a: Key, b: Key): number {
  const at = a.findIndex((part, index) => part !== b[index])
  if (at === -1) return 0
  return (a[at] as number | string) < (b[at] as number | string) ? -1 : 1
}

/** The kinds with guarded fields that Helm and Argo CD know. They apply those that they do not know after all others. */
const KNOWN = new Set(['PersistentVolumeClaim', 'StatefulSet', 'Deployment', 'Pod'])

/** The hooks of Helm. It does not apply an object with another one. */
const HELM_HOOKS: ReadonlySet<string> = new Set([
  ...['install', 'delete', 'upgrade', 'rollback'].flatMap((event) => [`pre-${event}`, `post-${event}`]),
  'test',
  'test-success',
])

/**
 * The hooks of an installation come first, by weight; then kind after kind, and unknown kinds by their names.
 *
 * Source: Helm, pkg/action/install.go and hooks.go; pkg/release/util, kind_sorter.go and manifest_sorter.go.
 */
function helmTurn({ kind, annotations }: Applied): Turn | undefined {
  const hook = annotations['helm.sh/hook']
  if (hook === undefined) return [1, KNOWN.has(kind) ? 0 : 1, kind]
  const hooks = listed(hook).map((one) => one.toLowerCase())
  if (!hooks.every((one) => HELM_HOOKS.has(one))) return undefined
  const weight = integer(annotations['helm.sh/hook-weight']) ?? 0
  if (hooks.includes('pre-install')) return [0, weight]
  return hooks.includes('post-install') ? [2, weight] : undefined
}

/** Whether Helm deletes a hook once all hooks of its phase have succeeded. */
function isDeletedBySuccess({ annotations }: Applied): boolean {
  const policies = listed(annotations['helm.sh/hook-delete-policy']).map((one) => one.toLowerCase())
  return annotations['helm.sh/hook'] !== undefined && policies.includes('hook-succeeded')
}

/** The phases of a sync, by the hooks of Argo CD and of Helm. */
const PHASES = {
  argo: new Map([
    ['PreSync', 0],
    ['Sync', 1],
    ['PostSync', 2],
  ]),
  helm: new Map([
    ['pre-install', 0],
    ['pre-upgrade', 0],
    ['post-install', 2],
    ['post-upgrade', 2],
  ]),
}

/** The hooks of Argo CD that are no phase of a sync that succeeds. */
const OTHER_HOOKS: readonly string[] = ['SyncFail', 'Skip']

/**
 * By phase, wave, kind and name. Kinds that it does not know are equal.
 *
 * Source: github.com/argoproj/gitops-engine, pkg/sync: sync_tasks.go (Less), sync_phase.go, hook/hook.go and syncwaves/waves.go.
 */
function argoTurn({ kind, name, annotations }: Applied): Turn | undefined {
  const phase = argoPhase(annotations)
  if (phase === undefined) return undefined
  const wave = integer(annotations['argocd.argoproj.io/sync-wave']) ?? integer(annotations['helm.sh/hook-weight']) ?? 0
  return [phase, wave, KNOWN.has(kind) ? 0 : 1, name]
}

/** Returns the first phase of an object; undefined if it is a hook of none. The hooks of Helm count if Argo CD knows no other. */
function argoPhase(annotations: Applied['annotations']): number | undefined {
  const [own, helm] = [annotations['argocd.argoproj.io/hook'], annotations['helm.sh/hook']]
  const hooks = listed(own)
  const isKnown = hooks.some((one) => PHASES.argo.has(one) || OTHER_HOOKS.includes(one))
  if (own === undefined && (helm === undefined || helm === 'crd-install')) return 1
  const phases = isKnown
    ? hooks.flatMap((one) => PHASES.argo.get(one) ?? [])
    : listed(helm).flatMap((one) => PHASES.helm.get(one) ?? [])
  return phases.length > 0 ? Math.min(...phases) : undefined
}

const listed = (value: unknown) => (typeof value === 'string' ? value.split(',').map((one) => one.trim()) : [])

/** Returns an integer as Go reads it (strconv.Atoi); undefined if the text is not an integer. */
const integer = (value: unknown) => (typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : undefined)

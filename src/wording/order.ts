import type { Tool } from '../policy/apply-order.ts'
import type { RefusedAtInstall } from '../policy/finding.ts'
import { grantTitle, objectTitle } from './objects.ts'
import { placeTitle } from './place.ts'

/** When a tool applies the grant, and what to add so that it is there before. */
const WORDS: Record<Tool, readonly [when: string, remedy: string]> = {
  helm: [
    'Helm creates later, kind by kind',
    'annotate the grant with helm.sh/hook: pre-install,pre-upgrade, or install it with a release of its own before',
  ],
  argocd: [
    'Argo CD applies later or at the same time',
    'annotate the grant with argocd.argoproj.io/sync-wave: "-1", or give the object a later wave',
  ],
  flux: [
    'Flux dry-runs together with the object, before it applies either',
    'put the grant into a Kustomization of its own, name that in dependsOn, and pass its files to check with --grants',
  ],
  kubectl: ['kubectl applies later, in the order of the files', 'move the grant before the object, or apply twice'],
}

/** Returns why the webhook refuses a reference at the first installation, and what to add. */
export function refusedAtInstallSentence({ reference, tool, grant, grantKind, other }: RefusedAtInstall): string {
  const [when, remedy] = WORDS[tool]
  const title = `${grantTitle(grant, grantKind)} (${placeTitle(other)})`
  return `${objectTitle(reference.from)}: ${reference.path} needs ${title}, which ${when}, so the webhook refuses the first installation: ${remedy}`
}

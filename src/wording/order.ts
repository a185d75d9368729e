import type { Absence, Tool } from '../policy/apply-order.ts'
import type { RefusedAtInstall } from '../policy/finding.ts'
import { grantTitle, objectTitle } from './objects.ts'
import { placeTitle } from './place.ts'

type Words = readonly [what: string, remedy: string]

/** What a tool does with the grant, and what to change so that it is there before. */
const WORDS: Record<Tool, { later: Words } & Partial<Record<Absence, Words>>> = {
  helm: {
    later: [
      'Helm creates later, kind by kind',
      'annotate the grant with helm.sh/hook: pre-install,pre-upgrade, or install it with a release of its own before',
    ],
    deleted: [
      'Helm creates and deletes before, by the hook-succeeded in helm.sh/hook-delete-policy',
      'remove hook-succeeded from that annotation of the grant',
    ],
    never: [
      'Helm does not create at an installation, by the annotation helm.sh/hook',
      'write helm.sh/hook: pre-install,pre-upgrade, or remove the annotation and install the grant with a release of its own before',
    ],
  },
  argocd: {
    later: [
      'Argo CD applies later or at the same time',
      'annotate the grant with argocd.argoproj.io/sync-wave: "-1", or give the object a later wave',
    ],
    never: [
      'Argo CD does not apply in a sync, by its hook',
      'remove the hook of the grant, and annotate it with argocd.argoproj.io/sync-wave: "-1"',
    ],
  },
  flux: {
    later: [
      'Flux dry-runs together with the object, before it applies either',
      'put the grant into a Kustomization of its own, name that in dependsOn, and pass its files to check with --grants',
    ],
  },
  kubectl: {
    later: ['kubectl applies later, in the order of the files', 'move the grant before the object, or apply twice'],
  },
}

/** Returns why the webhook refuses a reference at the first installation, and what to add. */
export function refusedAtInstallSentence({
  reference,
  tool,
  absence,
  grant,
  grantKind,
  other,
}: RefusedAtInstall): string {
  const words = WORDS[tool]
  const [what, remedy] = words[absence] ?? words.later
  const title = `${grantTitle(grant, grantKind)} (${placeTitle(other)})`
  return `${objectTitle(reference.from)}: ${reference.path} needs ${title}, which ${what}, so the webhook refuses the first installation: ${remedy}`
}

import { applied, editOf } from '../policy/edit.ts'
import { entriesOf } from '../policy/entry-difference.ts'
import type { Half } from '../policy/entry-fields.ts'
import type { Place as FilePlace } from '../policy/finding.ts'
import type { GrantName } from '../policy/grant.ts'
import { grantKindFor, grantKindsFor, kindOf } from '../policy/grant-kinds.ts'
import { isEvery } from '../policy/missing-grant.ts'
import type { NearMiss } from '../policy/near-miss.ts'
import { property } from '../policy/property.ts'
import type { GroupKind, Reference } from '../policy/reference.ts'
import { article } from './counted.ts'
import { grantTitle, kindTitle, objectTitle, printable, targetTitle } from './objects.ts'
import { placeTitle } from './place.ts'
import { quote, visible } from './quote.ts'
import { shellArgument } from './shell.ts'

/** A line of a file. */
type Place = Pick<FilePlace, 'file' | 'line'>

/** Whether a reference is permitted, and by which grant: a proposed one is in a file, and no stored one permits. */
export type Answer =
  | { readonly verdict: 'same namespace' }
  | { readonly verdict: 'permitted'; readonly grant: GrantName; readonly proposed?: Place | undefined }
  | { readonly verdict: 'not permitted' }
  | { readonly verdict: 'not known' }

/** Returns the verdict on a reference: `HTTPRoute "a" in namespace "b": PATH refers to Service "x" in namespace "y", which ...`. */
export function verdictSentence(reference: Reference, answer: Answer): string {
  const { from, to, path } = reference
  const target = `${isEvery(reference) ? `every ${kindTitle(to)}` : targetTitle(to)} in namespace ${quote(to.namespace)}`
  const subject =
    path === ''
      ? `A reference from ${kindTitle(from)} in namespace ${quote(from.namespace)} to ${target}`
      : `${objectTitle(from)}: ${visible(path)} refers to ${target}`
  if (answer.verdict === 'not known') {
    const kind = printable(grantKindFor(reference).kind)
    return `${subject}${path === '' ? ':' : ', and'} it is not known whether ${article(kind)} ${kind} permits it.`
  }
  return `${subject}${path === '' ? ': ' : ', which '}${predicate(reference, answer)}.`
}

function predicate(reference: Reference, answer: Exclude<Answer, { verdict: 'not known' }>): string {
  const kind = printable(grantKindFor(reference).kind)
  const it = reference.path === '' ? ' it' : ''
  switch (answer.verdict) {
    case 'same namespace':
      return reference.path === ''
        ? 'it stays in its namespace and needs no grant'
        : 'is in the same namespace and needs no grant'
    case 'permitted': {
      const title = grantTitle(answer.grant, kindOf(answer.grant, grantKindsFor(reference)).kind)
      const { proposed } = answer
      return proposed
        ? `${title} of ${placeTitle(proposed)} would permit${it}, once it is applied`
        : `${title} permits${it}`
    }
    default:
      return `no ${kind} permits${it}`
  }
}

/**
 * Returns the command that corrects a grant of a cluster; undefined if another object is needed.
 *
 * @param cluster the options that name the cluster and the user, each after a space
 */
export function patchCommand(miss: NearMiss, reference: Reference, cluster: string): string | undefined {
  const patch = editOf(miss, reference)
  if (!patch) return undefined
  const { group, kind, namespace, name } = miss.candidate.name
  const { plural } = grantKindsFor(reference).find((one) => one.group === group && one.kind === kind) ?? {
    plural: kind,
  }
  const json = shellArgument(JSON.stringify(patch))
  return `kubectl patch ${plural}.${group} ${shellArgument(name)} -n ${shellArgument(namespace)} --type json -p ${json}${cluster}`
}

/** Returns what else the edit of a grant permits; undefined if it permits the reference only. */
export function wideningSentence(miss: NearMiss, reference: Reference): string | undefined {
  const patch = editOf(miss, reference)
  if (!patch) return undefined
  const changes = patch.filter(({ op }) => op !== 'test')
  const isChanged = (half: Half) => changes.some(({ path }) => path.startsWith(`/spec/${half}`))
  const edit = changes.every(({ op }) => op === 'add') ? 'entry' : 'edit'
  const { from, to } = reference
  const edited = { object: applied(miss.candidate.object as object, patch) }
  const [accepted, exposed] = [entriesOf(edited, 'from'), entriesOf(edited, 'to')]
  if (isChanged('from') && (exposed.length > 1 || exposed.some((one) => property(one, 'name') === undefined)))
    return `With this ${edit}, each ${printable(from.kind)} of namespace ${quote(from.namespace)} may refer to all that the grant exposes.`
  if (isChanged('to') && accepted.length > 1)
    return `With this ${edit}, all ${accepted.length} entries of spec.from may refer to ${targetTitle(to)}.`
  return undefined
}

/** Returns the arguments of a question about a reference: `--from HTTPRoute.GROUP/shop --to Service/billing/payments`. */
export function questionOf({ from, to }: Reference): string {
  const accepted = shellArgument(`${kindName(from)}/${from.namespace}`)
  return `--from ${accepted} --to ${shellArgument(`${kindName(to)}/${to.namespace}/${to.name}`)}`
}

const kindName = ({ group, kind }: GroupKind) => (group === '' ? kind : `${kind}.${group}`)

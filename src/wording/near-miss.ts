import type { Difference } from '../policy/entry-difference.ts'
import type { GrantName } from '../policy/grant.ts'
import { grantKindFor } from '../policy/grant-kinds.ts'
import type { Unsound } from '../policy/merge.ts'
import { MOST_ENTRIES } from '../policy/names.ts'
import type { Candidate, NearMiss } from '../policy/near-miss.ts'
import type { Reference } from '../policy/reference.ts'
import { article } from './counted.ts'
import { lintSentence } from './grant-finding.ts'
import { grantTitle, printable } from './objects.ts'
import { quote, quoteAscii, visible } from './quote.ts'

/** Returns the grant that is nearest to permitting a reference, in a sentence. */
export function nearestSentence({ candidate, differences }: NearMiss, reference: Reference): string {
  const what = differences.map((one) => differenceSentence(one, reference)).join(', and ')
  return `The nearest is ${candidateTitle(candidate)}: ${what}.`
}

/** Returns how to correct the grant that is nearest, in place of the new one. */
export function editNote({ candidate, differences }: NearMiss, reference: Reference, created: GrantName): string {
  const what = differences
    .map((one) => `${differenceSentence(one, reference)}: ${editSentence(one, reference)}`)
    .join('; ')
  const title = grantTitle(created, grantKindFor(reference).kind)
  return `in place of the new ${title}, you may correct ${candidateTitle(candidate)}: ${what}`
}

/** Returns why an existing grant is not changed. */
export function unchangedNote({ candidate, error }: Unsound): string {
  return `${candidateTitle(candidate)} is not changed, because an error would remain: ${lintSentence(error)}`
}

/** Returns the kind, name and namespace of an object that is a grant, or was meant to be one. */
export function candidateTitle({ name }: Candidate): string {
  return grantTitle(name, name.kind)
}

/** Returns what is wrong with a field: `spec.from[0].kind is "GRPCRoute", but the reference comes from an HTTPRoute`. */
export function differenceSentence(difference: Difference, reference: Reference): string {
  const { path, found, how } = difference
  if (how === 'empty') return `${visible(path)} is not a list with entries`
  if (how === 'misspelt') return `${visible(path)} is not a field of a spec`
  if (how === 'swapped') return swappedSentence(path, reference)
  if (how === 'rejected') {
    const is = isHalf(path) ? `has more than ${MOST_ENTRIES} entries` : 'is not valid'
    return `${visible(path)} ${is}, so the API server rejects the grant`
  }
  const is = found === undefined ? 'is missing or not a string' : `is ${quoteAscii(found)}`
  return `${visible(path)} ${is}, ${reasonOf(difference, reference)}`
}

/** The first difference of a swap, which is in `from`, says what it is. */
function swappedSentence(path: string, { from, to }: Reference): string {
  if (path.startsWith('spec.to')) return `${visible(path)} names the kind of the referrer, ${printable(from.kind)}`
  return `from and to are swapped: ${visible(path)} names the kind of the target, ${printable(to.kind)}`
}

/** Returns what to write in a field: `write "HTTPRoute"`. */
export function editSentence({ path, wanted = '', how }: Difference, { from, to }: Reference): string {
  if (path === 'metadata.namespace') return `create it in namespace ${quote(wanted)}`
  if (how === 'empty') return 'add an entry'
  if (how === 'swapped') {
    const { group, kind } = path.startsWith('spec.from') ? from : to
    const last = path.startsWith('spec.from') ? `namespace ${quote(from.namespace)}` : `name ${quote(to.name)}`
    return `write an entry with group ${quote(group)}, kind ${quote(kind)} and ${last}`
  }
  if (how === 'misspelt') return `write ${wanted}`
  if (how === 'rejected') return isHalf(path) ? 'divide it into several' : 'correct it'
  if (how === 'full') return `create a new grant, since ${half(path)} has ${MOST_ENTRIES} entries, which is the maximum`
  return how === 'other' ? `add an entry with ${quote(wanted)}` : `write ${quote(wanted)}`
}

const half = (path: string) => visible(path.replace(/\[.*/, ''))

const isHalf = (path: string) => /^spec\.\w+$/.test(path)

function reasonOf({ path, found, wanted = '' }: Difference, reference: Reference): string {
  const { from, to } = reference
  const grant = printable(grantKindFor(reference).kind)
  if (path === 'apiVersion') return `but ${article(grant)} ${grant} has ${quote(wanted)}`
  if (path === 'kind') return `but only ${article(grant)} ${grant} permits this reference`
  if (path === 'metadata.namespace') {
    const whose = found === from.namespace ? `the namespace of the ${printable(from.kind)}, ` : ''
    return `${whose}but the target is in namespace ${quote(wanted)}`
  }
  const part = path.slice(path.lastIndexOf('.') + 1)
  if (path.startsWith('spec.from')) {
    if (part === 'kind') {
      const whose = found === to.kind ? 'the kind of the target, ' : ''
      return `${whose}but the reference comes from ${article(from.kind)} ${printable(from.kind)}`
    }
    const whose = part === 'namespace' && found === to.namespace ? 'the namespace of the target, ' : ''
    return `${whose}but the reference comes from ${part} ${quote(wanted)}`
  }
  if (part === 'group') return `but the group of ${printable(to.kind)} is ${quote(wanted)}`
  if (part === 'kind') return `but the reference is to ${article(to.kind)} ${printable(to.kind)}`
  return `but the reference is to ${quote(wanted)}`
}

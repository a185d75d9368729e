import { distinctTargets } from '../policy/distinct-targets.ts'
import { grantKindFor, REFERENCE_GRANT, resourceOf } from '../policy/grant-kinds.ts'
import type { Reference } from '../policy/reference.ts'
import { article, counted } from './counted.ts'
import { field, fitted, name, word } from './fitted.ts'
import { kindPieces, kindTitle, objectPieces, objectTitle, printable, targetTitle } from './objects.ts'
import { quote } from './quote.ts'

/**
 * How many references, or findings on a grant, an answer spells out; the rest are counted. Few are corrected at a time,
 * and for each, two warnings of 256 characters fit.
 */
export const SPELT_OUT = 8

/** The sentence for a refusal by cached grants alone. */
export const UNCONFIRMED =
  'The budget of fresh reads is exhausted, so this refusal is based on cached grants. If you created the grant seconds ago, apply again.'

/** The sentence for a refusal that the configuration causes: by default, it would be a warning. */
const STORED =
  'The stored object already has the first of these references. refgrant refuses it because existingViolations is "deny".'

/** The content of a refusal. */
export interface Refusal {
  /** References that no grant permits, at least one. */
  readonly refused: readonly Reference[]
  /** The number of further references that were not judged, since one refusal is enough. */
  readonly unjudged: number
  /** False for a refusal by cached grants alone, which may be some milliseconds behind. */
  readonly confirmed: boolean
  /** Whether the stored object has the first one already. */
  readonly stored?: boolean
}

/**
 * Returns the text of a refusal: which field refers to which object, which grant is missing, and how to get it.
 *
 * It is made of the requester's own object and fixed words, so that it is the same whether the target, its namespace or
 * other grants exist or not (Gateway API, ReferenceGrant, "Implementation Guidelines"). Foreign text is escaped.
 */
export function refusalText({ refused, unjudged, confirmed, stored = false }: Refusal): string {
  const distinct = distinctTargets(refused)
  const spelt = distinct.slice(0, SPELT_OUT)
  const more = refused.length - spelt.length + unjudged
  const lines = spelt.map((reference, index) =>
    index === 0 ? `${objectTitle(reference.from)}: ${sentence(reference)}` : `Also ${sentence(reference)}`,
  )
  if (more > 0) lines.push(`And ${moreReferences(more, unjudged)}`)
  lines.push(...neededGrants(spelt))
  if (stored) lines.push(STORED)
  if (!confirmed) lines.push(UNCONFIRMED)
  lines.push('To print it: refgrant grant -f FILE', 'To see why: refgrant explain -f FILE --live')
  return lines.join('\n')
}

/**
 * Returns the sentence that counts the references that are not spelt out.
 *
 * @param unjudged how many of them were not judged
 */
export function moreReferences(count: number, unjudged: number): string {
  const which = unjudged === 0 ? 'that no grant permits' : 'that no grant permits or that were not judged'
  return `${counted(count, 'more reference')} to other namespaces ${which}.`
}

/** Returns what is wrong with one reference: `PATH refers to Service "x" in namespace "y", which no ReferenceGrant permits.` */
export function sentence(reference: Reference): string {
  const { path, to } = reference
  const { kind } = grantKindFor(reference)
  return `${path} refers to ${targetTitle(to)} in namespace ${quote(to.namespace)}, which no ${printable(kind)} permits.`
}

/**
 * Returns a reference that no grant permits, in two lines of at most `limit` characters each: the reference, and the grant
 * that it needs. Lines about different references differ, the first ones always.
 *
 * @param kept whether the stored object has the reference already, so that no fresh read confirmed the violation
 * @param limit 256 or more
 */
export function violationLines(reference: Reference, kept: boolean, limit: number): [string, string] {
  const { from, to, path } = reference
  const line = fitted(limit)
  const { kind } = grantKindFor(reference)
  const grant = kind === REFERENCE_GRANT.kind ? kind : word(kind)
  const place = [' in namespace ', name(to.namespace)]
  const target = [...kindPieces(to), ' ', name(to.name)]
  const needed = [...kindPieces(from), ' in namespace ', name(from.namespace)]
  return [
    line`${objectPieces(from)}: ${field(path)} refers to ${target}${place}, which no ${kept ? 'cached ' : ''}${grant} permits${kept ? '; the stored object has this reference' : ''}.`,
    line`Needed${place}: ${article(kind)} ${grant} from ${needed} to ${target}.`,
  ]
}

/** Returns a line for the grants that references lack, for each namespace of targets and each kind of referrers. */
export function neededGrants(references: readonly Reference[]): string[] {
  const keyOf = (reference: Reference) => {
    const { group, kind, namespace } = reference.from
    return JSON.stringify([reference.to.namespace, resourceOf(grantKindFor(reference)), group, kind, namespace])
  }
  return [...Map.groupBy(references, keyOf).values()].map((group) => {
    const [first] = group as [Reference, ...Reference[]]
    const { from, to } = first
    const { kind } = grantKindFor(first)
    const targets = distinctTargets(group)
      .map(({ to }) => targetTitle(to))
      .join(', ')
    const accepted = `${kindTitle(from)} in namespace ${quote(from.namespace)}`
    return `Needed in namespace ${quote(to.namespace)}: ${article(kind)} ${printable(kind)} from ${accepted} to ${targets}.`
  })
}

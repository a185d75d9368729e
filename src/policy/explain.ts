import { field, fitted, isPlain, name, type Piece, word } from './fitted.ts'
import { grantKindFor, REFERENCE_GRANT } from './grant-kinds.ts'
import { quote } from './quote.ts'
import type { GroupKind, ObjectName, Reference } from './reference.ts'

/** References that a refusal spells out; the rest are counted. One apply is mended a few at a time. */
const SPELT_OUT = 8

/** What is said of a refusal that rests on the watches alone. */
export const UNCONFIRMED =
  'Too many references were refused lately to look again: if the grant was created in the last seconds, try once more.'

/** What a refusal says. */
export interface Refusal {
  /** References that no grant permits, at least one. */
  readonly refused: readonly Reference[]
  /** How many more references were left unjudged because one refusal is enough. */
  readonly unjudged: number
  /** False if the refusal rests on the watches alone, which may be some milliseconds behind. */
  readonly confirmed: boolean
}

/**
 * The sentence of a refusal: which field refers to what, which grant is missing, and how to get it.
 *
 * Built from the requester's own object and fixed words, so that it is the same whether the target, its namespace or
 * other grants exist or not (Gateway API, ReferenceGrant, "Implementation Guidelines"). Foreign text is escaped.
 */
export function explain({ refused, unjudged, confirmed }: Refusal): string {
  const distinct = distinctTargets(refused)
  const spelt = distinct.slice(0, SPELT_OUT)
  const more = refused.length - spelt.length + unjudged
  const lines = spelt.map((reference, index) =>
    index === 0 ? `${objectTitle(reference.from)}: ${sentence(reference)}` : `Also ${sentence(reference)}`,
  )
  if (more > 0)
    lines.push(`And ${more} more ${more === 1 ? 'reference' : 'references'} of this object to other namespaces.`)
  lines.push(...neededGrants(spelt))
  if (!confirmed) {
    lines.push(UNCONFIRMED)
  }
  lines.push('To print it: refgrant grant -f FILE')
  return lines.join('\n')
}

/** What is wrong with one reference: `PATH refers to Service "x" in namespace "y", which no ReferenceGrant permits.` */
export function sentence(reference: Reference): string {
  const { path, to } = reference
  const { kind } = grantKindFor(reference)
  return `${path} refers to ${targetTitle(to)} in namespace ${quote(to.namespace)}, which no ${printable(kind)} permits.`
}

/**
 * One reference that no grant permits, in two lines of at most `limit` characters each: what refers to what, and the
 * grant that is needed. Lines about different references differ, the first ones always.
 *
 * @param kept whether the stored object has the reference already
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
    line`${objectPieces(from)}: ${field(path)} refers to ${target}${place}, which no ${grant} permits${kept ? '; it was there before' : ''}.`,
    line`Needed${place}: ${article(kind)} ${grant} from ${needed} to ${target}.`,
  ]
}

/** An object as `objectTitle` calls it, for a line that is fitted. */
export function objectPieces({ kind, name: called, namespace }: ObjectName): Piece[] {
  return [word(kind), ' ', name(called), ' in namespace ', name(namespace)]
}

function kindPieces({ group, kind }: GroupKind): Piece[] {
  return group === '' ? [word(kind)] : [word(kind), ' (', word(group), ')']
}

/** An object as its owner calls it: `HTTPRoute "checkout" in namespace "shop"`. */
export function objectTitle({ kind, name, namespace }: ObjectName): string {
  return `${printable(kind)} ${quote(name)} in namespace ${quote(namespace)}`
}

/** What a reference points at, without its namespace: `Service "payments"`, `ServiceImport (multicluster.x-k8s.io) "a"`. */
function targetTitle(to: ObjectName): string {
  return `${kindTitle(to)} ${quote(to.name)}`
}

/** References to distinct targets, the first of each. */
export function distinctTargets(references: readonly Reference[]): Reference[] {
  const byTarget = new Map<string, Reference>()
  for (const reference of references) {
    const { group, kind, namespace, name } = reference.to
    const key = JSON.stringify([group, kind, namespace, name, grantKindFor(reference)])
    if (!byTarget.has(key)) byTarget.set(key, reference)
  }
  return [...byTarget.values()]
}

function neededGrants(references: readonly Reference[]): string[] {
  const keyOf = (reference: Reference) => JSON.stringify([reference.to.namespace, grantKindFor(reference)])
  return [...Map.groupBy(references, keyOf).values()].map((group) => {
    const [first] = group as [Reference, ...Reference[]]
    const { from, to } = first
    const { kind } = grantKindFor(first)
    const targets = group.map(({ to }) => targetTitle(to)).join(', ')
    const accepted = `${kindTitle(from)} in namespace ${quote(from.namespace)}`
    return `Needed in namespace ${quote(to.namespace)}: ${article(kind)} ${printable(kind)} from ${accepted} to ${targets}.`
  })
}

const article = (kind: string) => (/^[AEIO]/.test(kind) ? 'an' : 'a')

export function kindTitle({ group, kind }: GroupKind): string {
  return group === '' ? printable(kind) : `${printable(kind)} (${printable(group)})`
}

function printable(text: string): string {
  return isPlain(text) ? text : quote(text)
}

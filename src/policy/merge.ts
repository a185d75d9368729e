import { applied, editOf, type Operation } from './edit.ts'
import { entryFrom, entryTo, grantObject, parseGrant } from './grant.ts'
import { lookupIn } from './grant-index.ts'
import { fromKey, kindKey, toKey } from './grant-keys.ts'
import { type GrantKind, grantKindsFor } from './grant-kinds.ts'
import { judge } from './judge.ts'
import { MOST_ENTRIES } from './names.ts'
import { byNearness, type Candidate, entriesOf, type NearMiss, nearMiss } from './near-miss.ts'
import { property } from './property.ts'
import type { Reference } from './reference.ts'

/** References that existing grants permit after a change, and references that need a new grant. */
export interface Merged<T extends Candidate> {
  /** The changed grants, with their new contents. */
  readonly changed: readonly T[]
  readonly left: readonly Reference[]
}

/** The entries that are compared for one reference. */
const MOST_COMPARED = 100_000

/**
 * Changes existing grants so that they permit references, where that permits nothing else: a field that is only written in a
 * wrong way is corrected, and an entry is added to a grant whose other half is the very one that the reference needs.
 *
 * @param anyName whether an entry is to expose every object of the kind
 */
export function mergedInto<T extends Candidate>(
  references: readonly Reference[],
  candidates: readonly T[],
  anyName: boolean,
): Merged<T> {
  const changed = new Map<T, T>()
  const left: Reference[] = []
  const byNamespace = Map.groupBy(candidates, ({ name }) => name.namespace)
  for (const reference of references) {
    const near = byNamespace.get(reference.to.namespace) ?? []
    const current = near.map((one) => changed.get(one) ?? one)
    if (current.some((one) => permits(one, reference))) continue
    const found = changeOf(current, reference, anyName)
    const original = found && near[current.indexOf(found.candidate)]
    if (!found || !original) left.push(reference)
    else changed.set(original, changedBy(found, original))
  }
  return { changed: [...changed.values()], left }
}

function changedBy<T extends Candidate>(
  { candidate, patch }: Change<T>,
  original: T,
): T & { readonly before: unknown } {
  return { ...candidate, object: applied(candidate.object as object, patch), before: property(original.object, 'spec') }
}

/** A grant, and the patch that makes it permit a reference. */
interface Change<T extends Candidate> {
  readonly candidate: T
  readonly patch: readonly Operation[]
}

/** Returns the nearest grant that may be corrected, or otherwise the first that may have another entry. */
function changeOf<T extends Candidate>(
  candidates: readonly T[],
  reference: Reference,
  anyName: boolean,
): Change<T> | undefined {
  const work = { left: MOST_COMPARED }
  const slips = candidates
    .map((one) => nearMiss(one, reference, work))
    .filter((miss): miss is NearMiss<T> => miss?.differences.every(({ how }) => how === 'slip') ?? false)
    .filter((miss) => !anyName || exposesEvery(miss))
    .sort(byNearness)
  for (const miss of slips) {
    const patch = editOf(miss, reference)
    if (patch) return { candidate: miss.candidate, patch }
  }
  for (const candidate of candidates) {
    const patch = addition(candidate, reference, anyName)
    if (patch) return { candidate, patch }
  }
  return undefined
}

/** Whether a grant exposes every object of a kind after its correction, and not the target alone. */
export function exposesEvery({ differences, named }: NearMiss): boolean {
  const ofTargets = differences.filter(({ path }) => path.startsWith('spec.to'))
  return !named && ofTargets.every(({ path, how }) => how === 'slip' && !path.endsWith('.name'))
}

/** Returns the patch that adds an entry, if it makes the grant permit nothing but the reference. */
function addition(candidate: Candidate, reference: Reference, anyName: boolean): Operation[] | undefined {
  const kind = kindOf(candidate, reference)
  const grant = kind && grantIn(candidate, kind)
  if (!kind || !grant || candidate.refused !== undefined) return undefined
  const { from, to } = reference
  const { spec } = grantObject({ ...grant, from: [entryFrom(from)], to: [entryTo(to, anyName)] }, kind)
  const isWhole = (half: 'from' | 'to') => entriesOf(candidate, half).length === grant[half].length
  const sameFrom = isWhole('from') && grant.from.every((one) => fromKey(one) === fromKey(from))
  const wanted = anyName ? kindKey(to) : toKey(to)
  const sameTo = isWhole('to') && grant.to.every((one) => toKey(one) === wanted)
  if (grant.from.length > 0 && sameFrom && grant.to.length < MOST_ENTRIES && grant.to.length > 0)
    return [{ op: 'add', path: '/spec/to/-', value: spec.to[0] }]
  if (grant.to.length > 0 && sameTo && grant.from.length < MOST_ENTRIES && grant.from.length > 0)
    return [{ op: 'add', path: '/spec/from/-', value: spec.from[0] }]
  return undefined
}

function permits(candidate: Candidate, reference: Reference): boolean {
  const kind = kindOf(candidate, reference)
  const grant = kind && candidate.refused === undefined ? grantIn(candidate, kind) : undefined
  return grant !== undefined && judge([reference], lookupIn([grant]))[0]?.permitted === true
}

function kindOf({ name }: Candidate, reference: Reference): GrantKind | undefined {
  return grantKindsFor(reference).find(({ group, kind }) => name.group === group && name.kind === kind)
}

function grantIn({ name, object }: Candidate, kind: GrantKind) {
  return parseGrant({ ...(object as object), metadata: { name: name.name, namespace: name.namespace } }, kind)
}

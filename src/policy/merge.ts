import type { Coverage } from './coverage.ts'
import { applied, correctionOf, type Operation } from './edit.ts'
import { type Difference, entriesOf } from './entry-difference.ts'
import { ENTRY_FIELDS, HALVES, type Half, likestField } from './entry-fields.ts'
import { entryFrom, entryTo, grantObject, parseGrant } from './grant.ts'
import { lookupIn } from './grant-index.ts'
import { fromKey, kindKey, toKey } from './grant-keys.ts'
import { type GrantKind, grantKindsFor } from './grant-kinds.ts'
import { judge } from './judge.ts'
import { isSlip, type Part } from './likeness.ts'
import { type LintFinding, lintGrant } from './lint.ts'
import { MOST_ENTRIES, SUBDOMAIN } from './names.ts'
import { byNearness, type Candidate, type NearMiss, nearMiss } from './near-miss.ts'
import { type Pairs, pairsOf, permitsMore } from './pairs.ts'
import { property } from './property.ts'
import type { Reference } from './reference.ts'

/** References that existing grants permit after a change, and references that need a new grant. */
export interface Merged<T extends Candidate> {
  /** The changed grants, with their new contents. */
  readonly changed: readonly T[]
  readonly left: readonly Reference[]
  /** The grants that a reference is left for, since an error would remain after the change. */
  readonly unsound: readonly Unsound<T>[]
}

/** A grant that is not changed, and the error that would remain. */
export interface Unsound<T extends Candidate = Candidate> {
  readonly candidate: T
  readonly error: LintFinding
}

/** The entries that are compared for one reference. */
const MOST_COMPARED = 100_000

/**
 * Changes existing grants so that they permit references, where that permits nothing else: a field that is only written in a
 * wrong way is corrected, and an entry is added to a grant whose other half is the very one that the reference needs. A changed
 * grant has no error.
 *
 * @param anyName whether an entry is to expose every object of the kind
 * @param permitted references that the grants permit, and that are to stay permitted
 * @param isShared whether references that are not known may need a grant: then no name that may be in use is replaced
 */
export function mergedInto<T extends Candidate>(
  references: readonly Reference[],
  candidates: readonly T[],
  anyName: boolean,
  coverage: Coverage,
  permitted: readonly Reference[] = [],
  isShared: (candidate: T) => boolean = () => false,
): Merged<T> {
  const changed = new Map<T, T>()
  const left: Reference[] = []
  const unsound = new Map<T, Unsound<T>>()
  const wanted = pairsOf(references)
  const kept = pairsOf([...references, ...permitted])
  const needs = { wanted: anyName ? wanted.every : wanted.named, used: new Set([...kept.named, ...kept.every]) }
  const byNamespace = Map.groupBy(candidates, ({ name }) => name.namespace)
  for (const reference of references) {
    const near = byNamespace.get(reference.to.namespace) ?? []
    const current = near.map((one) => changed.get(one) ?? one)
    if (current.some((one) => permits(one, reference))) continue
    const errors: Unsound<T>[] = []
    const isFit = (one: T, object: object) => isOnlyNeeded(one, object, reference, needs)
    const found = soundChange(changesOf(current, reference, anyName, isShared), coverage, errors, isFit)
    const original = found && near[current.indexOf(found.candidate)]
    if (found && original) {
      const before = property(original.object, 'spec')
      changed.set(original, { ...original, object: found.object, refused: undefined, before })
      continue
    }
    left.push(reference)
    for (const one of errors) if (!unsound.has(one.candidate)) unsound.set(one.candidate, one)
  }
  return { changed: [...changed.values()], left, unsound: [...unsound.values()] }
}

/** Whether a change permits only what references need, and takes nothing from those that have it. */
function isOnlyNeeded(
  candidate: Candidate,
  object: object,
  reference: Reference,
  { wanted, used }: { readonly wanted: Pairs; readonly used: Pairs },
): boolean {
  const kind = kindOf(candidate, reference)
  const after = kind && grantIn({ ...candidate, object }, kind)
  const before = kind && candidate.refused === undefined ? grantIn(candidate, kind) : undefined
  if (!after || permitsMore(after, before, (pair) => !wanted.has(pair))) return false
  return !before || !permitsMore(before, after, (pair) => used.has(pair))
}

/**
 * Returns the first change that leaves no error and does not permit too much, with the grant as it is to be; collects the errors
 * of those before it.
 */
function soundChange<T extends Candidate>(
  changes: Iterable<Change<T>>,
  coverage: Coverage,
  errors: Unsound<T>[],
  isFit: (candidate: T, object: object) => boolean,
): { readonly candidate: T; readonly object: object } | undefined {
  for (const change of changes) {
    const { candidate } = change
    const object = changedBy(change)
    const error = errorIn(object, candidate, coverage)
    if (error) errors.push({ candidate, error })
    else if (isFit(candidate, object)) return { candidate, object }
  }
  return undefined
}

/** A grant, and the patch that makes it permit a reference. */
interface Change<T extends Candidate> {
  readonly candidate: T
  readonly patch: readonly Operation[]
}

/** Returns the grant as it is to be: patched, and without the fields that repeat what it says. */
function changedBy({ candidate, patch }: Change<Candidate>): object {
  const object = applied(candidate.object as object, patch)
  for (const half of HALVES)
    for (const entry of entriesOf({ object }, half)) dropRepeated(entry, half, candidate.name.namespace)
  return object
}

/** Removes a misspelt field that has the value of the right one, and a namespace in `to` that is the grant's own. */
function dropRepeated(entry: unknown, half: Half, namespace: string): void {
  if (typeof entry !== 'object' || entry === null) return
  const fields: readonly Part[] = ENTRY_FIELDS[half]
  for (const [field, value] of Object.entries(entry)) {
    if (fields.some((one) => one === field) || typeof value !== 'string') continue
    const meant = likestField(field, fields)
    const right = meant && property(entry, meant)
    const isRepeated = meant && typeof right === 'string' && (value === right || isSlip(meant, value, right))
    if (isRepeated || (half === 'to' && field === 'namespace' && value === namespace))
      delete (entry as Record<string, unknown>)[field]
  }
}

function errorIn(object: object, { name }: Candidate, coverage: Coverage): LintFinding | undefined {
  const { findings } = lintGrant(object, name.namespace, coverage, Number.POSITIVE_INFINITY, coverage.grantKind(name))
  return findings.find(({ severity }) => severity === 'error')
}

/** Whether there may be an object or a namespace of the name that a correction replaces. */
const mayBeUsed = ({ path, found = '' }: Difference) => /\.name(space)?$/.test(path) && SUBDOMAIN.test(found)

/** Yields the grants that may be corrected, the nearest first, and then those that may have another entry. */
function* changesOf<T extends Candidate>(
  candidates: readonly T[],
  reference: Reference,
  anyName: boolean,
  isShared: (candidate: T) => boolean,
): Generator<Change<T>> {
  const work = { left: MOST_COMPARED }
  const slips = candidates
    .map((one) => nearMiss(one, reference, work))
    .filter((miss): miss is NearMiss<T> => miss?.differences.every(({ how }) => how === 'slip') ?? false)
    .filter((miss) => !anyName || exposesEvery(miss))
    .filter((miss) => !isShared(miss.candidate) || !miss.differences.some(mayBeUsed))
    .sort(byNearness)
  for (const miss of slips) {
    const patch = correctionOf(miss, reference)
    if (patch) yield { candidate: miss.candidate, patch }
  }
  for (const candidate of candidates) {
    const patch = addition(candidate, reference, anyName)
    if (patch) yield { candidate, patch }
  }
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
  const isWhole = (half: Half) => entriesOf(candidate, half).length === grant[half].length
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

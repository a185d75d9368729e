import type { Coverage } from '../policy/coverage.ts'
import { type Crossing, crossingReferences, MOST_REFERENCES } from '../policy/crossing.ts'
import type { GrantName } from '../policy/grant.ts'
import { judge, type Verdict } from '../policy/judge.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import { NO_LOOKUP } from '../wording/unavailable.ts'
import type { Decision, Permitted, Refused, Undecided, Unjudged } from './decision.ts'
import type { Excess } from './excess.ts'
import { compareWithStored, deniedStored, holdsAll, unpermitted } from './existing.ts'
import { judgeFresh } from './fresh-verdicts.ts'
import { type GrantSource, LookupFailed } from './grant-source.ts'
import { dropContent, type ReviewRequest, reviewedObject } from './review.ts'
import { exemptWriteReason, type Settings } from './settings.ts'

/** Where one review looks up grants. */
export interface LookUps {
  readonly source: GrantSource
  /**
   * Starts the timeout of fresh reads; the signal ends the wait for them. The review has no content any more.
   *
   * @param kept the references that the review keeps until then
   */
  readonly begin: (kept: readonly Reference[]) => AbortSignal
}

/** Decides on one admission request. */
export async function admit(request: ReviewRequest, settings: Settings, lookUps: LookUps): Promise<Decision> {
  const { coverage } = settings
  const reason = skipReason(request, coverage)
  if (reason) return { outcome: 'unjudged', reason }

  const object = reviewedObject(request)
  const crossing = crossingReferences(coverage, object, request.object)
  const { misfits } = crossing
  const decision = await admitCrossing(request, object, crossing, settings, lookUps)
  return misfits ? { ...decision, misfits } : decision
}

async function admitCrossing(
  request: ReviewRequest,
  object: ObjectName,
  crossing: Crossing,
  settings: Settings,
  lookUps: LookUps,
): Promise<Decision> {
  if (crossing.count === 0) return { outcome: 'unjudged', reason: crossing.exemptReason ?? 'nothing crosses' }

  const exempt = exemptWriteReason(request, settings.exemptWrites)
  if (exempt) return { outcome: 'unjudged', reason: exempt }

  const { references, count } = crossing
  if (count > MOST_REFERENCES) {
    const oversize = { cap: 'references', found: count, most: MOST_REFERENCES } as const
    const existing = holdsAll(request, settings, object)
    return { outcome: 'oversized', ...oversize, object, existing }
  }
  const cached = lookUps.source.cached()
  const verdicts = cached.current ? judge(references, cached.grants) : []
  const granted = verdicts.filter(({ permitted }) => permitted)
  // What the stored object has matters only if something is not permitted.
  if (granted.length === count) return permitted(granted)

  const { held, added } = compareWithStored(request, settings, object, references)
  const existing = unpermitted(held, verdicts, request)
  const permittedNow = new Set(granted.map(({ reference }) => reference))
  const rest = added.filter((reference) => !permittedNow.has(reference))
  if (rest.length === 0) return { ...permitted(granted), existing }

  const isDeniedStored = deniedStored(request, settings, object)
  dropContent(request)
  const decision = await judgeRest(rest, verdicts, lookUps)
  if (decision.outcome === 'permitted') return { ...decision, existing }
  if (decision.outcome !== 'refused') return decision
  const [first] = decision.refused
  return first && isDeniedStored(first) ? { ...decision, stored: true } : decision
}

/**
 * Decides on a request whose objects are too large to read.
 *
 * @param request the request without its objects
 */
export function admitOversized(request: ReviewRequest, settings: Settings, excess: Excess): Decision {
  const { oversize } = excess
  const reason = skipReason(request, settings.coverage) ?? exemptWriteReason(request, settings.exemptWrites)
  if (reason) return { outcome: 'unjudged', reason }
  const existing = settings.existingViolations === 'warn' && keepsOversized(request, settings.coverage, excess)
  return { outcome: 'oversized', ...oversize, object: reviewedObject(request), existing }
}

/**
 * Whether an update keeps the references of a stored object that is too large to read. Anyone can store such an object
 * without a review, if it has no reference to another namespace.
 */
function keepsOversized(request: ReviewRequest, coverage: Coverage, excess: Excess): boolean {
  const { storedOversized, generation, storedGeneration } = excess
  if (request.operation !== 'UPDATE' || !storedOversized || generation !== storedGeneration) return false
  // A field of an admin may be in metadata or status, or of a kind without generations.
  return generation !== undefined && coverage.fieldsOf(request.kind).every(({ steps: [root] }) => root === 'spec')
}

/**
 * Returns why a request is not checked; undefined if it is. A kind is unknown only if the webhook's rules were edited.
 */
function skipReason(request: ReviewRequest, coverage: Coverage): Unjudged['reason'] | undefined {
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return 'operation'
  if (request.subResource) return 'subresource'
  return coverage.referrer(request.kind) ? undefined : 'unknown kind'
}

/**
 * Judges by fresh reads the added references that no cached grant permits.
 *
 * @param cached verdicts by cached grants; empty if these are stale
 */
async function judgeRest(
  unpermitted: readonly Reference[],
  cached: readonly Verdict[],
  lookUps: LookUps,
): Promise<Permitted | Refused | Undecided> {
  const granted = cached.filter(({ permitted }) => permitted)
  const signal = lookUps.begin([...unpermitted, ...granted.map(({ reference }) => reference)])
  let rest = unpermitted

  while (rest.length > 0) {
    const read = await judgeFresh(rest, lookUps.source, signal)
    if (read instanceof LookupFailed) return undecided(read.message)
    const { verdicts, unread } = read
    // The budget of fresh reads is exhausted.
    if (verdicts.length === 0) return refuseUnconfirmed(rest, cached)
    const missing = verdicts.filter((verdict) => !verdict.permitted)
    const refused = missing.filter(({ complete }) => complete).map(({ reference }) => reference)
    if (refused.length > 0)
      return { outcome: 'refused', refused, unjudged: unread.length + missing.length - refused.length, confirmed: true }
    if (missing.length > 0) return undecided(NO_LOOKUP.tooMany)
    granted.push(...verdicts)
    rest = unread
  }
  return permitted(granted)
}

function undecided(why: string): Undecided {
  return { outcome: 'undecided', why }
}

/**
 * Refuses by cached grants, without a fresh read.
 *
 * @param cached verdicts by cached grants; empty if these are stale
 */
function refuseUnconfirmed(rest: readonly Reference[], cached: readonly Verdict[]): Refused | Undecided {
  const unconfirmed = new Set(rest)
  const verdicts = cached.filter(({ reference }) => unconfirmed.has(reference))
  if (verdicts.length === 0) return undecided(NO_LOOKUP.stale)
  if (verdicts.some((verdict) => !verdict.permitted && !verdict.complete)) return undecided(NO_LOOKUP.incomplete)
  return { outcome: 'refused', refused: rest, unjudged: 0, confirmed: false }
}

function permitted(verdicts: readonly Verdict[]): Permitted {
  const grants = new Set<GrantName>()
  for (const verdict of verdicts) if (verdict.permitted && verdict.by !== 'same namespace') grants.add(verdict.by)
  return { outcome: 'permitted', grants: [...grants], existing: [] }
}

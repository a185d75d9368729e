import type { Catalogue } from '../policy/catalogue.ts'
import { crossingReferences } from '../policy/crossing.ts'
import { judge, type Verdict } from '../policy/judge.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import type { Decision, Unjudged } from './decision.ts'
import { compareWithStored, heldUnpermitted } from './existing.ts'
import { type GrantSource, LookupFailed } from './grant-source.ts'
import type { ReviewRequest } from './review.ts'
import { exemption, type Settings } from './settings.ts'

/**
 * Target namespaces read afresh at once for one review. One refusal refuses the object, so more are read only while all
 * of these permit; an object may name 4,608.
 */
const FRESH_NAMESPACES = 8

/**
 * Decides on one admission request.
 *
 * @param signal ends the wait for fresh reads
 * @throws LookupFailed if the decision needs grants that cannot be read now
 */
export async function admit(
  request: ReviewRequest,
  settings: Settings,
  source: GrantSource,
  signal: AbortSignal,
): Promise<Decision> {
  const { catalogue } = settings
  const reason = passesUnread(request, catalogue)
  if (reason) return { outcome: 'unjudged', reason }

  const object = reviewedObject(request)
  const crossing = crossingReferences(catalogue, object, request.object)
  if (crossing.references.length === 0) return { outcome: 'unjudged', reason: crossing.exempt ?? 'nothing crosses' }

  const exempt = exemption(request, settings.exempt)
  if (exempt) return { outcome: 'unjudged', reason: exempt }

  const { held, added } = compareWithStored(request, settings, object, crossing.references)
  const decision = await decide(added, source, object.namespace, signal)
  if (decision.outcome === 'refused') return decision
  return { ...decision, existing: heldUnpermitted(held, request, source) }
}

/** Why a request is none of ours, if so. A kind can only be unknown where somebody edited the webhook's rules. */
function passesUnread(request: ReviewRequest, catalogue: Catalogue): Unjudged['reason'] | undefined {
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return 'operation'
  if (request.subResource) return 'subresource'
  return catalogue.referrer(request.kind) ? undefined : 'unknown kind'
}

/** The object under review. Its name is missing from the request where `generateName` has not been resolved yet. */
function reviewedObject({ kind, namespace, name, object }: ReviewRequest): ObjectName {
  const metadata = object?.metadata as { name?: unknown; generateName?: unknown } | undefined
  const named = [name, metadata?.name, metadata?.generateName].find((text) => typeof text === 'string' && text !== '')
  return { group: kind.group, kind: kind.kind, namespace: namespace ?? '', name: String(named ?? '') }
}

async function decide(
  added: readonly Reference[],
  source: GrantSource,
  referrerNamespace: string,
  signal: AbortSignal,
): Promise<Decision & { outcome: 'permitted' | 'refused' }> {
  const { grants, current } = source.cached()
  const known = current ? added.map((reference) => judge(reference, grants)) : []
  const doubtful = current ? known.filter(({ permitted }) => !permitted).map(({ reference }) => reference) : added
  if (doubtful.length === 0) return permitted(known)

  let rest = doubtful
  for (;;) {
    const { verdicts, unread } = await judgeAfresh(rest, source, referrerNamespace, signal)
    const refused = verdicts.filter((verdict) => !verdict.permitted).map(({ reference }) => reference)
    if (refused.length > 0) return { outcome: 'refused', refused, unjudged: unread.length, confirmed: true }
    known.push(...verdicts)
    if (unread.length === 0) return permitted(known)
    rest = unread
    // The budget of fresh reads is spent.
    if (verdicts.length === 0) break
  }
  if (!current) throw new LookupFailed('its grants are not up to date, and too many had to be read lately to read more')
  return { outcome: 'refused', refused: rest, unjudged: 0, confirmed: false }
}

/** Verdicts from grants read after the request came; `unread` are the references beyond the budget of such reads. */
async function judgeAfresh(
  references: readonly Reference[],
  source: GrantSource,
  referrerNamespace: string,
  signal: AbortSignal,
): Promise<{ verdicts: Verdict[]; unread: Reference[] }> {
  const namespaces = [...new Set(references.map(({ to }) => to.namespace))].slice(0, FRESH_NAMESPACES)
  const { grants, read } = await source.fresh(namespaces, referrerNamespace, signal)
  const { looked = [], unread = [] } = Object.groupBy(references, ({ to }) =>
    read.has(to.namespace) ? 'looked' : 'unread',
  )
  return { verdicts: looked.map((reference) => judge(reference, grants)), unread }
}

function permitted(verdicts: readonly Verdict[]): Decision & { outcome: 'permitted' } {
  const granted = verdicts.flatMap((verdict) =>
    verdict.permitted && verdict.by !== 'same namespace' ? [{ reference: verdict.reference, by: verdict.by }] : [],
  )
  return { outcome: 'permitted', granted, existing: [] }
}

import type { GrantName } from '../policy/grant.ts'
import type { Reference } from '../policy/reference.ts'
import { bare, quote } from '../wording/quote.ts'
import type { Decided, Decision } from './decision.ts'
import type { Mode } from './settings.ts'

/** How many entries an annotation lists; it counts the rest. An object may have 10,000 references. */
const LISTED = 16

/**
 * A decision and its mode in one word. `existing`: permitted, although the object keeps a violation of the stored
 * object. `warned` and `audited`: a violation that is not refused. `failed`: there is no verdict.
 */
export type DecisionLabel =
  | 'unjudged'
  | 'permitted'
  | 'existing'
  | 'refused'
  | 'warned'
  | 'audited'
  | 'advised'
  | 'failed'

/** What a violation is called in each mode. */
export const VIOLATIONS = { deny: 'refused', warn: 'warned', audit: 'audited' } as const satisfies Record<
  Mode,
  DecisionLabel
>

/** Returns the decision in one word, for metrics, logs and the audit log. */
export function label(decision: Decision, mode: Mode): DecisionLabel {
  switch (decision.outcome) {
    case 'unjudged':
      return 'unjudged'
    case 'permitted':
      return decision.existing.length > 0 ? 'existing' : 'permitted'
    case 'refused':
      return VIOLATIONS[mode]
    case 'oversized':
      return decision.existing ? 'existing' : VIOLATIONS[mode]
    case 'advised':
      return 'advised'
    case 'undecided':
      return 'failed'
  }
}

/** The reason for an object that is too large. All other reasons are those of requests that are not judged. */
export const TOO_LARGE = 'too large'

/** The keys of audit annotations, in the order of docs/configuration.md. They are stable. */
export const ANNOTATIONS = [
  'decision',
  'references',
  'references-unjudged',
  'grants',
  'existing',
  'reason',
  'bytes',
  'values',
  'nesting',
  'unconfirmed',
] as const

/** `findings` is the number of findings on a grant. */
type Annotations = Partial<Record<(typeof ANNOTATIONS)[number] | 'findings', string>>

/** Returns a decision as text by key, for the API server's audit log and the server's own log. */
export function annotate(decision: Decided, mode: Mode): Readonly<Record<string, string>> {
  return { decision: label(decision, mode), ...details(decision) }
}

function details(decision: Decided): Annotations {
  switch (decision.outcome) {
    case 'unjudged':
      return { reason: decision.reason }
    case 'permitted': {
      const grants = new Set(decision.grants.map(namespacedName))
      return {
        ...(grants.size > 0 && { grants: capped([...grants], (title) => title) }),
        ...(decision.existing.length > 0 && { existing: capped(decision.existing, arrow) }),
      }
    }
    case 'refused':
      return {
        references: capped(decision.refused, arrow),
        ...(!decision.confirmed && { unconfirmed: 'true' }),
        ...(decision.unjudged > 0 && { 'references-unjudged': String(decision.unjudged) }),
      }
    case 'oversized':
      return { reason: TOO_LARGE, [decision.cap]: `${decision.found} of at most ${decision.most}` }
    case 'advised':
      return { findings: decision.unread ? 'unread' : String(decision.count) }
  }
}

/** Returns a grant's namespace and name, with its resource if it is not a ReferenceGrant. */
function namespacedName({ namespace, name, resource }: GrantName): string {
  return `${bare(`${namespace}/${name}`)}${resource === undefined ? '' : ` (${bare(resource)})`}`
}

function arrow({ path, to }: Reference): string {
  const group = to.group === '' ? '' : `.${to.group}`
  return `${path} -> ${quote(`${to.kind}${group} ${to.namespace}/${to.name}`)}`
}

/** Lists the first entries, and counts the others. */
function capped<T>(entries: readonly T[], words: (entry: T) => string): string {
  const more = entries.length - LISTED
  return [...entries.slice(0, LISTED).map(words), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

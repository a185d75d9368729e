import { distinctTargets } from '../policy/distinct-targets.ts'
import type { Reference } from '../policy/reference.ts'
import { counted } from '../wording/counted.ts'
import { fitted, lengthOf } from '../wording/fitted.ts'
import { lintLine } from '../wording/grant-finding.ts'
import { objectPieces } from '../wording/objects.ts'
import { oversizeLines, unreadLine } from '../wording/oversize.ts'
import { moreReferences, SPELT_OUT, UNCONFIRMED, violationLines } from '../wording/refusal.ts'
import type { Advised, Decided } from './decision.ts'

/**
 * The longest warning, and the longest total of all warnings, in characters (code points). If the total exceeds 4,096,
 * the API server truncates each warning to 256 and drops the last ones. Source:
 * k8s.io/apiserver/pkg/endpoints/filters/warning.go.
 */
export const LONGEST = { one: 256, all: 4_096 }

/**
 * Returns the warnings of a decision that does not refuse. kubectl shows equal warnings of several objects only once,
 * so each violation begins with its object.
 */
export function warningsOf(decision: Decided): string[] {
  switch (decision.outcome) {
    case 'unjudged':
      return []
    case 'oversized':
      return [...oversizeLines(decision.object, decision, LONGEST.one)]
    case 'permitted':
      return ofViolations(decision.existing, { kept: true, unjudged: 0, end: [] })
    case 'refused': {
      const { refused, unjudged, confirmed } = decision
      return ofViolations(refused, { kept: false, unjudged, end: confirmed ? [] : [UNCONFIRMED] })
    }
    case 'advised':
      return decision.unread ? [unreadLine(decision.grant, decision.unread, LONGEST.one)] : ofGrant(decision)
  }
}

/** Returns a line for each finding. */
function ofGrant({ grant, findings, count }: Advised): string[] {
  return linesThatFit(findings, (finding) => [lintLine(grant, finding, LONGEST.one)], {
    unjudged: count - findings.length,
    end: [],
    rest: (count) =>
      fitted(
        LONGEST.one,
      )`${objectPieces(grant)}: ${`and ${counted(count, 'more finding')}. To see all: refgrant check FILE`}`,
  })
}

interface Told {
  readonly kept: boolean
  /** The number of further references that were not judged. */
  readonly unjudged: number
  readonly end: readonly string[]
}

/** Returns the lines of violations. References to distinct targets come first, since each needs another grant. */
function ofViolations(references: readonly Reference[], { kept, unjudged, end }: Told): string[] {
  const [first] = references
  if (first === undefined) return []
  const distinct = new Set(distinctTargets(references))
  const ordered = [...distinct, ...references.filter((reference) => !distinct.has(reference))]
  return linesThatFit(ordered, (reference) => violationLines(reference, kept, LONGEST.one), {
    unjudged,
    end,
    rest: (count) =>
      fitted(
        LONGEST.one,
      )`${objectPieces(first.from)}: ${`and ${moreReferences(count, unjudged)} To see all: refgrant explain -f FILE --live`}`,
  })
}

interface Ending {
  /** The number of further subjects, to be counted with the rest. */
  readonly unjudged?: number
  /** The last lines. */
  readonly end: readonly string[]
  /** Returns the line that counts the subjects that are not spelt out. */
  readonly rest: (count: number) => string
}

/** Returns the lines of as many subjects as fit, each line once, and counts the rest. */
function linesThatFit<T>(subjects: readonly T[], words: (subject: T) => readonly string[], ending: Ending): string[] {
  const { unjudged = 0, end, rest } = ending
  const all = subjects.length + unjudged
  const closing = (spelt: number) => [...(spelt < all ? [rest(all - spelt)] : []), ...end]
  let shown: string[] = []
  let spelt = 0
  for (const subject of subjects.slice(0, SPELT_OUT)) {
    const more = [...new Set([...shown, ...words(subject)])]
    if (lengthOf([...more, ...closing(spelt + 1)]) > LONGEST.all) break
    shown = more
    spelt += 1
  }
  return [...shown, ...closing(spelt)]
}

import { distinctTargets } from '../policy/distinct-targets.ts'
import type { Reference } from '../policy/reference.ts'
import { fitted } from '../wording/fitted.ts'
import { lintLine } from '../wording/grant-finding.ts'
import { objectPieces } from '../wording/objects.ts'
import { moreReferences, UNCONFIRMED, violationLines } from '../wording/refusal.ts'
import type { Advised, Verdict } from './decision.ts'
import { oversizeSentences, unreadLine } from './oversize.ts'

/**
 * The longest warning and the longest of all together, in characters (code points): once all together exceed 4,096, the
 * API server cuts each to 256 and drops the last. Source: k8s.io/apiserver/pkg/endpoints/filters/warning.go.
 */
export const LONGEST = { one: 256, all: 4_096 }

/** Violations, or findings on a grant, that are spelt out; of each two lines of 256 fit. */
export const SPELT_OUT = 8

/**
 * What is told of a decision that refuses nothing. kubectl shows one text once, however many objects of an apply it came
 * for, so each violation begins with its object.
 */
export function warningsOf(decision: Verdict): string[] {
  switch (decision.outcome) {
    case 'unjudged':
      return []
    case 'oversized':
      return [...oversizeSentences(decision, LONGEST.one)]
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

/** A line for each finding. */
function ofGrant({ grant, findings, count }: Advised): string[] {
  return fill(findings, (finding) => [lintLine(grant, finding, LONGEST.one)], {
    unjudged: count - findings.length,
    end: [],
    rest: (count) => fitted(LONGEST.one)`${objectPieces(grant)}: ${`and ${count} more findings.`}`,
  })
}

interface Told {
  readonly kept: boolean
  /** References beside these that nobody looked at. */
  readonly unjudged: number
  readonly end: readonly string[]
}

/** References to distinct targets come first: for each a grant is missing. */
function ofViolations(references: readonly Reference[], { kept, unjudged, end }: Told): string[] {
  const [first] = references
  if (first === undefined) return []
  const distinct = new Set(distinctTargets(references))
  const ordered = [...distinct, ...references.filter((reference) => !distinct.has(reference))]
  return fill(ordered, (reference) => violationLines(reference, kept, LONGEST.one), {
    unjudged,
    end,
    rest: (count) => fitted(LONGEST.one)`${objectPieces(first.from)}: ${`and ${moreReferences(count, unjudged)}`}`,
  })
}

interface Ending {
  /** Subjects beside those given, to be counted with the rest. */
  readonly unjudged?: number
  /** Lines after all others. */
  readonly end: readonly string[]
  /** Counts what is not spelt out. */
  readonly rest: (count: number) => string
}

/** The lines of as many subjects as fit, each line once; the rest are counted. */
function fill<T>(subjects: readonly T[], words: (subject: T) => readonly string[], ending: Ending): string[] {
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

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + [...line].length, 0)
}

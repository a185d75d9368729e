import { API_VERSION } from '../admission/names.ts'
import type { Grant } from '../policy/grant.ts'
import type { SurveyedReference } from '../policy/survey.ts'
import { findingSentence } from '../wording/finding.ts'
import { type AuditReport, type AuditText, findingsOf, isRefused } from './audit.ts'
import type { BroadGrant, UnusedEntry } from './excess.ts'
import { shown, toJson } from './json.ts'
import { nearMissJson } from './near-miss.ts'
import type { Since } from './since.ts'

/** Prints the report as JSON. */
export function auditJson(report: AuditReport, since?: Since, parts?: AuditText['only']): Generator<string> {
  return toJson(auditObject(report, since, parts))
}

/**
 * Returns the report as an object, whose lists are made as they are read.
 *
 * @param parts the only lists that it has; default: all
 */
export function auditObject(report: AuditReport, since?: Since, parts: AuditText['only'] = new Set()): object {
  const { only, survey, unjudged, problems, notes } = report
  const notPermitted = survey.references.filter(isRefused).length
  return {
    apiVersion: API_VERSION,
    kind: 'AuditReport',
    namespace: only,
    complete: problems.length === 0,
    problems,
    notes,
    summary: {
      references: survey.references.length + unjudged.length,
      permitted: survey.references.length - notPermitted,
      notPermitted,
      notJudged: unjudged.length,
    },
    ...(parts.size === 0 && referenceLists(report)),
    ...((parts.size === 0 || parts.has('unused')) && unusedLists(report)),
    ...((parts.size === 0 || parts.has('broad')) && { broadGrants: each(report.excess.broad, broad) }),
    ...(parts.size === 0 && findingLists(report)),
    since,
  }
}

function referenceLists(report: AuditReport) {
  const { permitting, survey, unjudged } = report
  return {
    permissions: each(permitting, permission),
    references: each(survey.references, (one) => surveyed(one, report)),
    unjudged: each(unjudged, ({ reference: { from, path, to } }) => ({
      from: shown(from),
      field: path,
      to: shown(to),
    })),
  }
}

function unusedLists({ survey, excess }: AuditReport) {
  return {
    unusedGrants: each(survey.unused, grantName),
    unusedEntries: each(excess.unusedEntries, unusedEntry),
    superfluousGrants: each(excess.superfluous, ({ grant, by, isDuplicate }) => ({
      grant: grantName(grant),
      by: grantName(by),
      duplicate: isDuplicate,
    })),
  }
}

function findingLists(report: AuditReport) {
  const { survey, flaws } = report
  return {
    exempt: each(survey.exemptObjects, ({ object, reason }) => ({ object: shown(object), reason })),
    findings: each(flaws, finding),
    omittedFindings: findingsOf(report) - flaws.length,
  }
}

/** Converts items one at a time, as they are printed. */
function* each<T>(items: readonly T[], one: (item: T) => unknown): Generator<unknown> {
  for (const item of items) yield one(item)
}

/** Returns what a grant permits: each of `from` may refer to each of `to` in the grant's namespace. */
function permission(grant: Grant) {
  return { grant: grantName(grant), from: grant.from.map(shown), to: grant.to.map(shown) }
}

function surveyed({ reference, grants, moreGrants }: SurveyedReference, { nearest }: AuditReport) {
  const near = nearest.get(reference)
  return {
    from: shown(reference.from),
    field: reference.path,
    to: shown(reference.to),
    permitted: grants.length > 0,
    grants: grants.map(grantName),
    moreGrants,
    nearest: near && nearMissJson(near),
  }
}

function unusedEntry({ grant, entry }: UnusedEntry) {
  return { grant: grantName(grant), ...('from' in entry ? { from: shown(entry.from) } : { to: shown(entry.to) }) }
}

function broad({ grant, every, names, pairs, usedPairs }: BroadGrant) {
  return { grant: grantName(grant), every: every.map(shown), usedNames: names, pairs, usedPairs }
}

function finding({ place, ...flaw }: AuditReport['flaws'][number]) {
  const { code, severity, grant, path } = flaw
  return { code, severity, message: findingSentence(flaw), ...place, grant: shown(grant), field: path }
}

function grantName({ namespace, name, resource }: Grant) {
  return shown({ namespace, name, ...(resource !== undefined && { resource }) })
}

import { API_VERSION } from '../admission/names.ts'
import { editOf } from '../policy/edit.ts'
import type { FindingCode } from '../policy/finding-codes.ts'
import { entryFrom, grantObject } from '../policy/grant.ts'
import { grantKindFor, type Versions } from '../policy/grant-kinds.ts'
import { missingGrants, ungrantable } from '../policy/missing-grant.ts'
import type { NearMiss } from '../policy/near-miss.ts'
import type { SelectingPolicy } from '../policy/network-policies.ts'
import type { Reference } from '../policy/reference.ts'
import { counted } from '../wording/counted.ts'
import { patchCommand, verdictSentence, wideningSentence } from '../wording/explain.ts'
import { findingFields, findingPage } from '../wording/meanings.ts'
import { candidateTitle, differenceSentence, editSentence } from '../wording/near-miss.ts'
import { objectTitle } from '../wording/objects.ts'
import { placeTitle } from '../wording/place.ts'
import { visible } from '../wording/quote.ts'
import { neededGrants } from '../wording/refusal.ts'
import { type FilePolicies, filePolicySentences, targetSentences } from '../wording/target.ts'
import type { ExplainedReference, ExplainReport, PlacedCandidate } from './explained.ts'
import type { Hints } from './hints.ts'
import { shown, toJson } from './json.ts'
import { namesText } from './names.ts'
import { nearMissJson } from './near-miss.ts'
import { reportYaml } from './yaml.ts'

/** The formats of an explanation, by the names of `--output`. */
export const EXPLANATIONS = {
  text: explainText,
  json: explainJson,
  yaml: (report: ExplainReport) => reportYaml(explainJson(report)),
  name: explainNames,
}

/** The formats of the page of a finding. */
export const PAGES = {
  text: (code: FindingCode, program: string) => [findingPage(code, program)],
  json: findingJson,
  yaml: (code: FindingCode) => reportYaml(findingJson(code)),
  name: (code: FindingCode) => [`${code}\n`],
}

/** Prints the report as text: a paragraph for each reference. */
function* explainText(report: ExplainReport, hints: Hints): Generator<string> {
  const { references, more, exempt } = report
  for (const [index, one] of references.entries()) {
    if (index > 0) yield '\n'
    for (const line of linesOf(one, hints)) yield `${visible(line)}\n`
  }
  if (more > 0) yield `Not explained: ${counted(more, 'more reference')}\n`
  const isMissing = references.some((one) => one.answer.verdict === 'not permitted' && !ungrantable(one.reference))
  if (hints.grant !== undefined && isMissing) yield `To print the grants that are missing: ${visible(hints.grant)}\n`
  for (const { object, reason } of exempt)
    yield `${objectTitle(object)}: its references into other namespaces need no grant (${reason})\n`
  if (references.length + exempt.length === 0) yield 'no reference into another namespace\n'
}

function* linesOf(
  { reference, place, answer, misses, moreMisses, complete, target, filePolicies }: ExplainedReference,
  hints: Hints,
): Generator<string> {
  yield `${place ? `${placeTitle(place)}: ` : ''}${verdictSentence(reference, answer)}`
  const isRefused = answer.verdict === 'not permitted'
  if (answer.verdict === 'not known') yield 'Standard error says why.'
  if (misses.length > 0) yield 'These grants nearly permit it, the nearest first:'
  else if (isRefused) yield 'No grant nearly permits it.'
  for (const [index, miss] of misses.entries()) yield* missLines(miss, reference, index + 1, hints)
  if (moreMisses > 0) yield `${counted(moreMisses, 'more grant nearly permits', 'more grants nearly permit')} it.`
  if (!complete) yield 'There are more grants than are compared, so others may be nearer.'
  if (isRefused) {
    yield* neededGrants([reference])
    if (!ungrantable(reference) && hints.grant === undefined) yield `To print a new grant: ${hints.grantFor(reference)}`
  }
  if (target) yield* targetSentences(reference.to, target)
  if (filePolicies !== undefined) yield* filePolicySentences(reference.to, filePolicies)
}

function* missLines(
  miss: NearMiss<PlacedCandidate>,
  reference: Reference,
  number: number,
  { cluster }: Hints,
): Generator<string> {
  const { file, lineOf } = miss.candidate
  yield `${number}. ${candidateTitle(miss.candidate)}`
  for (const difference of miss.differences) {
    const place = file !== undefined && lineOf ? `${placeTitle({ file, line: lineOf(difference.path) })}: ` : ''
    yield `   ${place}${differenceSentence(difference, reference)}: ${editSentence(difference, reference)}`
  }
  const widening = wideningSentence(miss, reference)
  if (widening !== undefined) yield `   ${widening}`
  const command = file === undefined ? patchCommand(miss, reference, cluster) : undefined
  if (command !== undefined) yield `   To correct it: ${command}`
}

/** Prints the page of a finding as JSON. */
function findingJson(code: FindingCode): Generator<string> {
  return toJson({ apiVersion: API_VERSION, kind: 'FindingPage', ...findingFields(code) })
}

/** Prints the report as JSON. */
function explainJson({ references, more, exempt, problems, notes, versions }: ExplainReport): Generator<string> {
  const isKnown = references.every(({ answer }) => answer.verdict !== 'not known')
  return toJson({
    apiVersion: API_VERSION,
    kind: 'ExplainReport',
    complete: problems.length === 0 && isKnown,
    problems,
    notes,
    references: references.map((one) => explained(one, versions)),
    omittedReferences: more,
    exempt: exempt.map(({ object, reason }) => ({ object: shown(object), reason })),
  })
}

/** Prints the names of the grants that permit a reference. */
function explainNames({ references }: ExplainReport): Generator<string> {
  return namesText(references.flatMap(({ answer }) => (answer.verdict === 'permitted' ? [answer.grant] : [])))
}

function explained(one: ExplainedReference, versions: Versions) {
  const { reference, place, answer, misses, moreMisses, complete } = one
  const { from, to, path } = reference
  const isRefused = answer.verdict === 'not permitted' || answer.verdict === 'not known'
  return {
    from: shown(path === '' ? entryFrom(from) : from),
    field: path === '' ? undefined : path,
    ...place,
    to: shown(to),
    verdict: answer.verdict,
    message: verdictSentence(reference, answer),
    grant: answer.verdict === 'permitted' ? shown(answer.grant) : undefined,
    proposed: answer.verdict === 'permitted' ? answer.proposed : undefined,
    nearMisses: misses.map((miss) => missJson(miss, reference)),
    omittedNearMisses: moreMisses,
    allCompared: complete,
    needed: isRefused && !ungrantable(reference) ? needed(reference, versions) : undefined,
    target: targetJson(one),
  }
}

/** The kind of grant that is printed is the preferred one. */
function needed(reference: Reference, versions: Versions) {
  const kind = grantKindFor(reference)
  return missingGrants([reference]).map((grant) => grantObject(grant, kind, versions.get(kind)))[0]
}

function missJson(miss: NearMiss<PlacedCandidate>, reference: Reference) {
  const { file, lineOf } = miss.candidate
  return {
    ...nearMissJson(miss),
    file,
    line: lineOf?.(miss.differences[0]?.path ?? ''),
    message: miss.differences
      .map((one) => `${differenceSentence(one, reference)}: ${editSentence(one, reference)}`)
      .join('; '),
    patch: editOf(miss, reference),
    alsoPermits: wideningSentence(miss, reference),
  }
}

function targetJson({ target, filePolicies }: ExplainedReference) {
  if (filePolicies !== undefined)
    return { exists: null, why: 'only files were read', networkPolicies: filePoliciesJson(filePolicies) }
  if (!target) return undefined
  const { exists, policies } = target
  return {
    ...(typeof exists === 'string' ? { exists: null, why: exists } : { exists }),
    networkPolicies:
      typeof policies === 'object'
        ? { pods: policies.pods, selecting: counts(policies.selecting, 'pods') }
        : policies && { why: policies },
  }
}

function filePoliciesJson(policies: FilePolicies) {
  if (typeof policies === 'string') return { why: policies }
  if ('workloads' in policies)
    return { workloads: policies.workloads, selecting: counts(policies.selecting, 'workloads') }
  return { workloads: 0, selecting: counts(policies.all), maySelect: counts(policies.perhaps) }
}

/** @param what is counted, if it is */
function counts(policies: readonly SelectingPolicy[], what?: 'pods' | 'workloads') {
  return policies.map(({ name, types, selected }) => ({ name, types, ...(what && { [what]: selected }) }))
}

import { counted } from '../wording/counted.ts'
import { bare, quote, visible } from '../wording/quote.ts'
import type { AuditReport } from './audit.ts'
import type { BroadGrant, Excess } from './excess.ts'
import { countedThat, section } from './section.ts'
import type { Since } from './since.ts'
import { acceptedTitle, exposedTitle } from './titles.ts'

/** Prints the grants and the entries that no reference uses, and the grants that another one makes superfluous. */
export function* unusedText({ survey, excess }: Pick<AuditReport, 'survey' | 'excess'>): Generator<string> {
  const { unusedEntries, superfluous } = excess
  const unused = countedThat(survey.unused.length, 'grant', 'nothing uses')
  yield* section(unused, ['NAMESPACE', 'GRANT'], survey.unused, ({ namespace, name }) => [
    [bare(namespace), bare(name)],
  ])
  const entries = `${counted(unusedEntries.length, 'entry', 'entries')} that nothing uses, of grants in use`
  yield* section(entries, ['NAMESPACE', 'GRANT', 'ENTRY'], unusedEntries, ({ grant, entry }) => [
    [
      bare(grant.namespace),
      bare(grant.name),
      'from' in entry ? `from ${acceptedTitle(entry.from)}` : `to ${exposedTitle(entry.to)}`,
    ],
  ])
  const made = countedThat(superfluous.length, 'grant', 'another grant makes superfluous')
  yield* section(made, ['NAMESPACE', 'GRANT', 'OTHER GRANT'], superfluous, ({ grant, by, isDuplicate }) => [
    [bare(grant.namespace), bare(grant.name), `${bare(by.name)} permits ${isDuplicate ? 'the same' : 'all of it'}`],
  ])
}

/** Prints the grants that permit more than single references need. */
export function* broadText({ broad }: Excess): Generator<string> {
  const heading = `${counted(broad.length, 'broad grant')}`
  yield* section(heading, ['NAMESPACE', 'GRANT', 'EXPOSES', 'IN USE'], broad, (one) => [
    [bare(one.grant.namespace), bare(one.grant.name), exposes(one), inUse(one)],
  ])
}

/** The most names of targets in a row; the others are counted. */
const NAMED = 5

function exposes({ every, pairs }: BroadGrant): string {
  return every.length > 0 ? every.map((one) => exposedTitle(one)).join(', ') : `${pairs} pairs of entries`
}

function inUse({ every, names, pairs, usedPairs }: BroadGrant): string {
  if (usedPairs === undefined) return 'not known'
  if (every.length === 0) return `${usedPairs} of ${pairs} pairs`
  if (names === undefined) return 'several grants permit the same'
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return names.length === 0 ? 'nothing' : `${names.slice(0, NAMED).map(quote).join(', ')}${more}`
}

/** Prints what differs from a former report. */
export function* sinceText({ source, new: added, gone, changed }: Since): Generator<string> {
  const counts = `${added.length} new, ${gone.length} gone, ${changed.length} changed`
  yield `Since ${bare(source)}: ${counts}\n`
  for (const { what, key, is } of added) yield `+ ${what} ${visible(key)}: ${visible(is)}\n`
  for (const { what, key, is } of gone) yield `- ${what} ${visible(key)}: ${visible(is)}\n`
  for (const { what, key, is, was } of changed) yield `~ ${what} ${visible(key)}: ${visible(is)}, was ${visible(was)}\n`
}

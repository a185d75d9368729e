import type { LintCode } from '../policy/finding-codes.ts'
import type { LintFinding } from '../policy/lint.ts'
import { MOST_ENTRIES } from '../policy/names.ts'
import type { ObjectName } from '../policy/reference.ts'
import { field, fitted, name, type Piece } from './fitted.ts'
import { objectPieces } from './objects.ts'
import { quote, visible } from './quote.ts'

type Said = Pick<LintFinding, 'path' | 'meant'>

const SENTENCES: Record<LintCode, (value: Piece, meant: Piece, said: Said) => readonly Piece[]> = {
  'grant-unknown-version': (value, meant) => [
    'is ',
    value,
    ', which is not a version of ReferenceGrant, so the API server rejects the grant: write ',
    meant,
  ],
  'grant-old-version': (value, meant) => [
    'is ',
    value,
    ', which no release of Gateway API since v1.2 serves, nor v1.1 in its standard channel: write ',
    meant,
  ],
  'grant-too-many-entries': () => [
    `has more than ${MOST_ENTRIES} entries, so the API server rejects the grant: divide it into several`,
  ],
  'grant-empty': () => ['is not a list with entries, so the grant permits nothing'],
  'grant-incomplete-entry': (_value, meant, said) => [
    'is missing, empty or not a string, so the entry matches nothing',
    ...groupAdvice(meant, said),
  ],
  'grant-empty-name': () => [
    'is empty, and no object has an empty name: leave it out to mean every object of the kind',
  ],
  'grant-wildcard': (value, _meant, { path }) => [
    'is ',
    value,
    ', and * is not a wildcard, so the entry matches nothing: ',
    path.endsWith('.name') ? 'leave the name out to mean every object' : 'write an entry for each that is meant',
  ],
  'grant-impossible-value': (value, _meant, { path }) => {
    const part = path.slice(path.lastIndexOf('.') + 1)
    return ['is ', value, `, which is not a valid ${part}, so the entry matches nothing: write one ${part}`]
  },
  'grant-core-group': () => ['is "core", which is not an alias: the core group is ""'],
  'grant-version-as-group': (value, meant) => [
    'is ',
    value,
    ', which names a version: write ',
    meant,
    '; the version does not count',
  ],
  'grant-wrong-group': (value, meant) => ['is ', value, ', which has no such kind: write ', meant],
  'grant-kind-spelling': (value, meant) => ['is ', value, ': kinds are compared exactly, write ', meant],
  'grant-unknown-field': (_value, _meant, { path, meant }) => [
    `is not a field of ${path.includes('[') ? 'an entry' : 'a spec'}, and the API server drops it: `,
    meant === undefined ? 'remove it, or the grant permits more than it seems to' : `write ${meant}`,
  ],
  'grant-parent-reference': (value) => [
    'is ',
    value,
    ', but grants do not control what attaches to it: set allowedRoutes or allowedListeners of the Gateway',
  ],
  'grant-own-namespace': (value) => [
    'is ',
    value,
    ', the namespace of the grant itself: a grant belongs in the namespace of the target',
  ],
  'grant-unknown-referrer': (value) => [
    'is ',
    value,
    ', a kind without a guarded field, so the entry permits nothing that is checked: correct the kind',
  ],
  'grant-misspelt-kind': (value, meant) => ['is ', value, ', which is not a well-known kind: is ', meant, ' meant?'],
  'grant-every-name': () => ['is absent, so the entry exposes every object of the kind in this namespace'],
}

/** Returns the group to write where it is missing. */
function groupAdvice(written: Piece, { path, meant }: Said): readonly Piece[] {
  if (!path.endsWith('.group')) return []
  if (meant !== undefined && meant !== '') return [': write ', written]
  const isCore = meant === '' || path.startsWith('spec.to')
  return [isCore ? ': write "" for the core group' : ': write the group of the kind']
}

/** Returns a finding in words: `spec.to[0].group is "core", which is not an alias: the core group is ""`. */
export function lintSentence(finding: LintFinding): string {
  const { code, path, value = '', meant = '' } = finding
  return `${visible(path)} ${SENTENCES[code](quote(value), quote(meant), finding).join('')}`
}

/**
 * Returns a finding with its grant, in a line of at most `limit` characters.
 *
 * @param limit 256 or more
 */
export function lintLine(grant: ObjectName, finding: LintFinding, limit: number): string {
  const { code, path, value = '', meant = '' } = finding
  return fitted(limit)`${objectPieces(grant)}: ${field(path)} ${SENTENCES[code](name(value), name(meant), finding)}`
}

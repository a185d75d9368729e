import path from 'node:path'
import { Failure } from '../system/failure.ts'
import { quote } from '../wording/quote.ts'

/** Returns whether a path is left out. */
export type IsExcluded = (place: string) => boolean

/** The most globs that the braces of one glob may stand for: far more than anyone writes, and tested in a millisecond. */
const MOST = 1_000

/** The longest glob, in characters: as long as the longest path of Linux, and read in a millisecond. */
const LONGEST = 4_096

/** The most characters of all globs that the braces of one glob may stand for: as many as are read in some milliseconds. */
const LONGEST_EXPANDED = 100_000

/** What shells and libraries read in different ways, or what can stand for more globs than fit into memory. */
const REFUSED = /[!?*+@]\(|\[\[[:.=]|\{[^{},]*\.\.[^{},]*\}/

/** A part of the pattern of a name: a character, a test of one, or `*`. */
type Part = ((character: string) => boolean) | string
const STAR = '*'

/** The pattern of a name, or `**`. */
type Pattern = { readonly parts: readonly Part[]; readonly isHidden: boolean } | typeof FOLDERS
const FOLDERS = '**'

/**
 * Returns the test of globs: of a name or, if the glob has a slash, of a path. `*` and `?` stand for characters of a name,
 * `[a-z]` and `[!a-z]` for one, `{a,b}` for alternatives, and `**` for any folders. Only a dot stands for one at the beginning of
 * a name. The time of a test is at most in proportion to the product of both lengths, unlike that of regular expressions.
 *
 * @param used gets the globs that leave out something
 * @throws Failure if a glob is too long, or has a form that is not supported
 */
export function excludedBy(globs: readonly string[], used = new Set<string>()): IsExcluded {
  const tests = globs.map((written) => {
    if (written.length > LONGEST)
      throw new Failure(
        `--exclude ${quote(written)}: this glob has more than ${inWords(LONGEST)} characters: shorten it`,
      )
    const glob = written
      .replaceAll(/[\\/]+(\.[\\/]+)*/g, '/')
      .replace(/^\.\//, '')
      .replace(/\/$/, '')
    const patterns = expanded(glob, written).map((one) => one.replace(/^\//, '').split('/').map(patternOf))
    return { written, ofPath: glob.includes('/'), patterns }
  })
  return (place) => {
    const names = place.split(path.sep)
    let isOut = false
    for (const { written, ofPath, patterns } of tests) {
      if (isOut && used.has(written)) continue
      if (!patterns.some((one) => isPath(one, ofPath ? names : names.slice(-1)))) continue
      used.add(written)
      isOut = true
    }
    return isOut
  }
}

/** Returns the globs without braces that a glob stands for. */
function expanded(glob: string, written: string): string[] {
  const refused = REFUSED.exec(glob)?.[0]
  if (refused !== undefined)
    throw new Failure(`--exclude ${quote(written)}: ${quote(refused)} is not supported: write *, ?, [a-z], {a,b} or **`)
  const globs = new Set([glob])
  for (const one of globs) {
    const braces = /\{([^{},]*,[^{}]*)\}/.exec(one)
    if (!braces) continue
    globs.delete(one)
    const { 0: whole, 1: alternatives = '', index } = braces
    for (const text of alternatives.split(',')) globs.add(one.slice(0, index) + text + one.slice(index + whole.length))
    if (globs.size > MOST) throw tooMany(written, `${inWords(MOST)} globs`)
  }
  if ([...globs].join('').length > LONGEST_EXPANDED) throw tooMany(written, `${inWords(LONGEST_EXPANDED)} characters`)
  return [...globs]
}

const inWords = (count: number) => count.toLocaleString('en')

const tooMany = (written: string, what: string) =>
  new Failure(`--exclude ${quote(written)}: the braces stand for more than ${what}: write fewer`)

function patternOf(name: string): Pattern {
  if (name === FOLDERS) return FOLDERS
  const parts = name.match(/\[(?:[!^].|[^!^])[^\]]*\]|./gsu) ?? []
  return { parts: parts.map(partOf), isHidden: name.startsWith('.') }
}

function partOf(text: string): Part {
  if (text === '?') return () => true
  if (!text.startsWith('[') || text.length === 1) return text
  const [, not = '', set = ''] = /^\[([!^]?)(.*)\]$/s.exec(text) ?? []
  const ranges = set.match(/.-.|./gsu)?.map((range) => [[...range][0] ?? '', [...range].at(-1) ?? ''] as const) ?? []
  return (character) => ranges.some(([first, last]) => first <= character && character <= last) === (not === '')
}

function isPath(patterns: readonly Pattern[], names: readonly string[]): boolean {
  // A trailing ** stands for what is in the folder, and not for the folder.
  const isInside = patterns.at(-1) === FOLDERS && patterns.length > 1
  return fits(
    isInside ? [...patterns, ANY_NAME] : patterns,
    names,
    FOLDERS,
    (pattern, name) => pattern !== FOLDERS && isName(pattern, name),
    (name) => !name.startsWith('.'),
  )
}

const ANY_NAME: Pattern = { parts: [STAR], isHidden: false }

function isName({ parts, isHidden }: Exclude<Pattern, typeof FOLDERS>, name: string): boolean {
  if (name.startsWith('.') && !isHidden) return false
  return fits(
    parts,
    [...name],
    STAR,
    (part, character) => (typeof part === 'string' ? part === character : part(character)),
    () => true,
  )
}

/**
 * Whether a list of items fits a pattern, in which `star` stands for any number of items. What follows a star is looked for at
 * its first place, and only the last star takes more: whatever a former star could take instead, the last one can take, too.
 *
 * @param isOne whether an item fits a part that is not a star
 * @param isAny whether a star may stand for an item
 */
function fits<P, I>(
  pattern: readonly P[],
  items: readonly I[],
  star: P,
  isOne: (part: P, item: I) => boolean,
  isAny: (item: I) => boolean,
): boolean {
  let [at, next] = [0, 0]
  let last: { readonly after: number; taken: number } | undefined
  while (at < items.length) {
    const [part, item] = [pattern[next], items[at] as I]
    if (next < pattern.length && part === star) {
      next += 1
      last = { after: next, taken: at }
    } else if (next < pattern.length && isOne(part as P, item)) {
      next += 1
      at += 1
    } else if (last && isAny(items[last.taken] as I)) {
      last.taken += 1
      at = last.taken
      next = last.after
    } else return false
  }
  return pattern.slice(next).every((part) => part === star)
}

import { existsSync } from 'node:fs'
import { Argument } from 'commander'
import { guardedFields } from '../policy/catalogue.ts'
import type { Coverage } from '../policy/coverage.ts'
import { nearestWord } from '../policy/distance.ts'
import { SEVERITIES } from '../policy/finding-codes.ts'
import { NAMESPACE } from '../policy/names.ts'
import { kindMeant, kindNamed } from '../policy/question.ts'
import type { GroupKind, ObjectName } from '../policy/reference.ts'
import { Failure } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import { quote } from '../wording/quote.ts'
import { suggesting } from './completion.ts'

/** An object as a user names it; without a namespace, it is in that of `-n` or of the context. */
export interface AskedObject extends GroupKind {
  readonly namespace: string | undefined
  readonly name: string
}

/** The argument that names an object, or the code of a finding. */
export function subjectArgument(): Argument {
  const kinds = new Set(guardedFields.map(({ from }) => from.kind.toLowerCase()))
  const words = 'KIND/NAME or KIND/NAMESPACE/NAME of an object, or the code of a finding'
  return suggesting(new Argument('[subject...]', words), [...kinds, ...CODES])
}

/**
 * Parses the name of an object: `KIND/NAME`, `KIND NAME` or `KIND/NAMESPACE/NAME`.
 *
 * @throws Failure if the words are none of these
 */
export function objectAsked(words: readonly string[], coverage: Coverage): AskedObject {
  const [first = ''] = words
  if (words.length > 1 && CODES.includes(first))
    throw new Failure(
      `explain takes the code of one finding: run ${PROGRAM} explain ${first}, and again for each other code`,
    )
  const parts = words.join('/').split('/')
  const [kind = '', ...rest] = parts
  const [namespace, name] = rest.length === 2 ? rest : [undefined, rest[0]]
  if (rest.length > 2 || !name) throw new Failure(noObject(words.join(' ')))
  return { ...kindIn(kind, 'the object', coverage), namespace: namespace && checked(namespace, 'the object'), name }
}

/**
 * Returns the ends of the question of `--from` and `--to`; undefined if neither is given.
 *
 * @throws Failure if one of them is missing or wrong
 */
export function questionAsked(
  { from, to, namespace }: { readonly from?: string; readonly to?: string; readonly namespace?: string },
  coverage: Coverage,
): ReturnType<typeof endsOf> | undefined {
  if (from === undefined && to === undefined) return undefined
  if (from === undefined || to === undefined) throw new Failure('a question needs both --from and --to')
  return endsOf({ from, to }, namespace, coverage)
}

/**
 * Parses the ends of a question: from `KIND/NAMESPACE`, which may have a name, to `KIND/NAMESPACE/NAME`.
 *
 * @param namespace the namespace of `-n`, in which a referrer without one is
 * @throws Failure if one of the texts does not have this form
 */
function endsOf(
  { from, to }: { readonly from: string; readonly to: string },
  namespace: string | undefined,
  coverage: Coverage,
): { readonly from: ObjectName; readonly to: ObjectName } {
  const [accepted = '', source = namespace ?? '', name = '', ...more] = from.split('/')
  if (more.length > 0 || source === '')
    throw new Failure(`--from cannot be ${quote(from)}: write KIND/NAMESPACE, such as HTTPRoute/shop`)
  const [exposed = '', place = '', target = '', ...others] = to.split('/')
  if (others.length > 0 || place === '' || target === '')
    throw new Failure(`--to cannot be ${quote(to)}: write KIND/NAMESPACE/NAME, such as Service/billing/payments`)
  return {
    from: { ...kindIn(accepted, '--from', coverage), namespace: checked(source, '--from'), name },
    to: { ...kindIn(exposed, '--to', coverage), namespace: checked(place, '--to'), name: target },
  }
}

function noObject(text: string): string {
  const code = nearestWord(text, CODES)
  const meant = code === undefined ? '' : `. Did you mean the finding ${code}?`
  return `${quote(text)} does not name an object: write KIND/NAME or KIND/NAMESPACE/NAME${meant}`
}

const CODES = Object.keys(SEVERITIES)

function kindIn(text: string, where: string, coverage: Coverage): GroupKind {
  const kind = kindNamed(text, coverage)
  if (kind) return kind
  const meant = kindMeant(text, coverage)
  const remedy = 'write the kind as in its objects, and its group, such as Backend.example.com'
  throw new Failure(
    `${where}: the kind ${quote(text)} is not known${meant === undefined ? `: ${remedy}` : `. Did you mean ${meant}? For another kind, ${remedy}`}`,
  )
}

function checked(namespace: string, where: string): string {
  if (NAMESPACE.test(namespace)) return namespace
  throw new Failure(`${where}: ${quote(namespace)} is not the name of a namespace`)
}

/**
 * Returns the subject of a command that has only files. `-f` takes every word that follows, and so a subject after it.
 *
 * @throws Failure if a path after the first does not exist and has the form of the name of an object
 */
export function filesAsked(paths: readonly string[]): 'files' {
  const taken = paths.slice(1).find((one) => /^[\w.-]+(\/[\w.-]+){1,2}$/.test(one) && !existsSync(one) && !isYaml(one))
  if (taken !== undefined)
    throw new Failure(
      `-f takes ${quote(taken)} as a path, and it does not exist: write the subject before -f, or correct the path`,
    )
  return 'files'
}

const isYaml = (name: string) => /\.(ya?ml|json)$/.test(name)

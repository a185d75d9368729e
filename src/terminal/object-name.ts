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
 * Returns what `explain` is about: a question, an object, or the files of `-f` and `-k`.
 *
 * @throws Failure if that is not clear
 */
export function subjectAsked(words: readonly string[], options: Question & Named, coverage: Coverage) {
  const question = questionAsked(options, coverage)
  if (question && words.length > 0) throw new Failure('name an object, or ask with --from and --to, not both')
  if (question) return question
  if (words.length > 0) return { object: objectAsked(words, coverage) }
  if (options.filename.length > 0 || options.kustomize !== undefined) return filesAsked(options.filename)
  throw new Failure(
    'there is nothing to explain: name an object, the code of a finding, files with -f, or ask with --from and --to',
  )
}

/** The options that name files. */
interface Named {
  readonly filename: readonly string[]
  readonly kustomize?: string | undefined
}

/**
 * Parses the name of an object: `KIND/NAME`, `KIND NAME` or `KIND/NAMESPACE/NAME`.
 *
 * @throws Failure if the words are none of these
 */
function objectAsked(words: readonly string[], coverage: Coverage): AskedObject {
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
  { from, to, namespace, anyName }: Question,
  coverage: Coverage,
): ReturnType<typeof endsOf> | undefined {
  if (from === undefined && to === undefined) return undefined
  if (from === undefined || to === undefined) throw new Failure('--from and --to go together: give both')
  return endsOf({ from, to, namespace, anyName }, coverage)
}

/** The options of a question. */
interface Question {
  readonly from?: string
  readonly to?: string
  /** The namespace of `-n`, in which a referrer without one is. */
  readonly namespace?: string | undefined
  /** Whether the question is about every object of a kind; undefined if the command has no such option. */
  readonly anyName?: boolean | undefined
}

/**
 * Parses the ends of a question: from `KIND/NAMESPACE`, which may have a name, to `KIND/NAMESPACE/NAME`. The name is empty in a
 * question about every object of a kind.
 *
 * @throws Failure if one of the texts does not have this form
 */
function endsOf(
  { from, to, namespace, anyName }: Question & { readonly from: string; readonly to: string },
  coverage: Coverage,
): { readonly from: ObjectName; readonly to: ObjectName } {
  const [accepted = '', source = namespace ?? '', name = '', ...more] = from.split('/')
  if (more.length > 0 || source === '')
    throw new Failure(`--from cannot be ${quote(from)}: write KIND/NAMESPACE, such as HTTPRoute/shop`)
  const [exposed = '', place = '', target = '', ...others] = to.split('/')
  const orEvery = anyName === undefined ? '' : ', or add --any-name for every object of a kind and write KIND/NAMESPACE'
  if (others.length > 0 || place === '' || (target === '' && !anyName))
    throw new Failure(
      `--to cannot be ${quote(to)}: write KIND/NAMESPACE/NAME, such as Service/billing/payments${orEvery}`,
    )
  return {
    from: { ...kindIn(accepted, '--from', coverage), namespace: checked(source, '--from'), name },
    to: { ...kindIn(exposed, '--to', coverage), namespace: checked(place, '--to'), name: anyName ? '' : target },
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
function filesAsked(paths: readonly string[]): 'files' {
  const taken = paths.slice(1).find((one) => /^[\w.-]+(\/[\w.-]+){1,2}$/.test(one) && !existsSync(one) && !isYaml(one))
  if (taken !== undefined)
    throw new Failure(
      `-f takes ${quote(taken)} as a path, and it does not exist: write the subject before -f, or correct the path`,
    )
  return 'files'
}

const isYaml = (name: string) => /\.(ya?ml|json)$/.test(name)

import path from 'node:path'
import type { Config } from '../config/config.ts'
import { configurationSchema } from '../config/schema.ts'
import { type FileGrant, grantsAmong } from '../files/grant-files.ts'
import { type Delivery, deliveryOf, foundFrom, hasKustomization } from '../files/kustomize.ts'
import { type FileObject, type FileObjects, type FileProblem, readObjects } from '../files/object-files.ts'
import { STDIN } from '../files/text.ts'
import type { Coverage } from '../policy/coverage.ts'
import { crossingReferences } from '../policy/crossing.ts'
import type { Grant } from '../policy/grant.ts'
import { grantKindOf } from '../policy/grant-kinds.ts'
import { conflictsOf } from '../report/duplicates.ts'
import { Failure } from '../system/failure.ts'
import { counted } from '../wording/counted.ts'
import { grantTitle } from '../wording/objects.ts'
import { placeTitle } from '../wording/place.ts'
import { bare, quote, visible } from '../wording/quote.ts'

/** The paths and options of a command that reads files. */
interface Asked {
  readonly paths: readonly string[]
  /** Paths of which only the grants count. */
  readonly grants?: readonly string[]
  /** The namespace of objects without one; default: `default`. */
  readonly namespace?: string | undefined
  readonly exclude: readonly string[]
}

/** The objects and grants that a command read from files. */
export interface Input {
  readonly files: number
  readonly objects: readonly FileObject[]
  /** The grants among the objects. */
  readonly own: readonly FileGrant[]
  /** The grants that count: those among the objects and those of `--grants` that the API server accepts. */
  readonly grants: readonly Grant[]
  /** Lines about what could not be read. */
  readonly problems: readonly string[]
  /** Lines about what was left out or assumed. */
  readonly notes: readonly string[]
}

/** Returns a note if the verdict of the webhook depends on settings that files do not decide, such as labels and users. */
export function unknownToFiles({ mode, modeLabel, exempt }: Config): string[] {
  const isPlain = mode === 'deny' && modeLabel === configurationSchema.properties.modeLabel.default
  const isForAll = [exempt.users, exempt.groups, exempt.serviceAccounts].every(({ length }) => length === 0)
  return isPlain && isForAll
    ? []
    : [
        'namespace labels, users and groups are unknown without a cluster: everything is judged as in mode deny, without exempt users and groups',
      ]
}

/**
 * Reads files for a command, and notes what it left out or assumed.
 *
 * @param command the name of the command, such as `check`
 * @throws Failure if standard input is named twice
 */
export async function readInput(asked: Asked, coverage: Coverage, command: string): Promise<Input> {
  if (asked.paths.includes(STDIN) && asked.grants?.includes(STDIN))
    throw new Failure('standard input can be read once: name - as a path or with --grants')
  const namespace = asked.namespace ?? 'default'
  const main = withoutPatches(await readObjects(asked.paths, namespace, asked.exclude), coverage)
  const beside = withoutPatches(await readObjects(asked.grants ?? [], namespace, asked.exclude), coverage)
  const isGrant = ({ object }: FileObject) => grantKindOf(object, coverage.grantKinds) !== undefined
  const isChecked = (one: FileObject) => isGrant(one) || coverage.referrer(one.name) !== undefined
  const judged = [...main.objects.filter(isChecked), ...beside.objects.filter(isGrant)]
  const own = grantsAmong(main.objects, coverage.grantKinds)
  const others = grantsAmong(beside.objects, coverage.grantKinds)
  return {
    files: main.files,
    objects: main.objects,
    own,
    grants: [...own, ...others].filter(({ refused }) => refused === undefined).map(({ grant }) => grant),
    problems: [...main.problems, ...beside.problems].map(({ place, message }) => `${bare(place)}: ${visible(message)}`),
    notes: [
      ...[main, beside].flatMap((read) => leftOut(read, command)),
      ...emptiness(main, isChecked, NOTHING_CHECKED),
      ...emptiness(beside, isGrant, (where) => `no ReferenceGrant in ${where}`),
      ...(asked.namespace === undefined ? assumed(judged) : []),
      ...together(main, isChecked),
      ...conflictsOf([...own, ...others]),
      ...others.flatMap(refusal),
    ],
  }
}

/**
 * Leaves out what a kustomization calls a patch, but for objects that refer to other namespaces: what they refer to is also
 * in what Kustomize makes, and no kustomization may hide it.
 */
function withoutPatches(read: FileObjects, coverage: Coverage): FileObjects {
  const [kept, left]: [FileObject[], FileProblem[]] = [[], []]
  for (const one of read.objects) {
    const { patchOf } = one
    const crosses = patchOf !== undefined && crossingReferences(coverage, one.name, one.object).count > 0
    if (patchOf === undefined || crosses) kept.push(one)
    if (patchOf === undefined) continue
    const what = crosses ? 'checked as it is written' : 'left out'
    left.push({ place: placeTitle(one), message: `is a patch of ${bare(patchOf)}, and is ${what}` })
  }
  return { ...read, objects: kept, left: [...read.left, ...left] }
}

function leftOut(read: FileObjects, command: string): string[] {
  return [
    ...read.templates.map(
      (one) =>
        `${bare(one.path)}: left out, since it holds Helm templates; run: ${rendered('helm template', one.chart, command)}`,
    ),
    ...read.kustomizations.map(({ file, namespace }) => {
      const sets = namespace === undefined ? '' : ` and sets namespace ${quote(namespace)}`
      const instead =
        file === '-' ? '' : `; to read its output: ${rendered('kubectl kustomize', path.dirname(file), command)}`
      return `${bare(file)}: is a kustomization${sets || ' and is left out'}${instead}`
    }),
    ...read.objects.flatMap((object) => {
      const delivery = deliveryOf(object)
      return delivery ? [deliveryNote(object, delivery, command)] : []
    }),
    ...read.left.map(({ place, message }) => `${bare(place)}: ${message}`),
    ...(read.others > 0 ? [`${counted(read.others, 'document')} without a Kubernetes object left out`] : []),
  ]
}

function deliveryNote(object: FileObject, delivery: Delivery, command: string): string {
  const { tool, namespace, folder, field } = delivery
  const place = placeTitle({ file: object.file, line: object.lineOf(field) })
  const sets = `${place}: ${tool} sets namespace ${quote(namespace)} for the objects in ${bare(folder)}`
  const option = `-n ${argument(namespace)}`
  const found = foundFrom(folder, object)
  if (found === undefined) return `${sets}; read that folder with ${option}`
  const read = hasKustomization(found)
    ? rendered('kubectl kustomize', found, command)
    : `refgrant ${command} ${argument(found)}`
  return `${sets}; to read them in this namespace: ${read} ${option}`
}

/** The command that reads what another program makes of a folder. */
function rendered(program: string, folder: string, command: string): string {
  return `${program} ${argument(folder)} | refgrant ${command} ${STDIN}`
}

/** Quotes a foreign text as one argument of a shell command that a user may copy. */
export function argument(text: string): string {
  return /^[\w./][-\w./]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const NOTHING_CHECKED = (where: string) =>
  `nothing to check in ${where}: refgrant catalogue lists the kinds that are checked`

/** Returns notes about folders without a matching object, or about the lack of any. */
function emptiness(
  read: FileObjects,
  isOne: (object: FileObject) => boolean,
  sentence: (where: string) => string,
): string[] {
  // A file that could not be read may hold a matching object.
  if (read.problems.length > 0) return []
  const found = new Set(read.objects.filter(isOne).map(({ asked }) => asked))
  const folders = read.folders.filter((folder) => !found.has(folder))
  if (folders.length === 0 && found.size === 0 && read.files > 0) return [sentence('the files')]
  return folders.map((folder) => `${bare(folder)}: ${sentence('this folder')}`)
}

function assumed(judged: readonly FileObject[]): string[] {
  const without = judged.filter((one) => !one.hasNamespace)
  const [first] = without
  if (!first) return []
  const place = placeTitle(first)
  const more = without.length > 1 ? ` and ${without.length - 1} more` : ''
  return [`namespace "default" assumed for ${place}${more} (use -n, or check the rendered output)`]
}

/** Returns why a grant of `--grants` does not count. */
function refusal({ grant, object, refused }: FileGrant): string[] {
  if (refused === undefined) return []
  const place = placeTitle({ file: object.file, line: object.lineOf(refused) })
  return [`${place}: ${grantTitle(grant, object.name.kind)} does not count: the API server rejects this ${refused}`]
}

/** Returns a note if several folders are judged together, since they often belong to different clusters. */
function together(read: FileObjects, isChecked: (object: FileObject) => boolean): string[] {
  const found = new Set(read.objects.filter(isChecked).map(({ asked }) => asked))
  const folders = read.folders.filter((folder) => found.has(folder)).map(bare)
  if (folders.length < 2) return []
  return [
    `${folders.join(', ')} are judged together: the grants of each count for all; if they belong to different clusters, check each separately`,
  ]
}

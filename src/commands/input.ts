import path from 'node:path'
import { type FileGrant, grantsAmong } from '../files/grant-files.ts'
import { deliveryOf } from '../files/kustomize.ts'
import { type FileObject, type FileObjects, readObjects } from '../files/object-files.ts'
import type { Catalogue } from '../policy/catalogue.ts'
import { grantKindOf } from '../policy/grant-kinds.ts'
import { conflictsOf } from '../report/duplicates.ts'
import { counted } from '../wording/counted.ts'
import { placeTitle } from '../wording/place.ts'
import { bare, quote, visible } from '../wording/quote.ts'

/** The files that a command reads. */
interface Asked {
  readonly paths: readonly string[]
  /** Paths of which the grants count, and nothing else. */
  readonly grants?: readonly string[]
  /** The namespace of objects that name none; `default` if nobody says. */
  readonly namespace?: string | undefined
  readonly exclude: readonly string[]
}

/** What a command has read of files. */
export interface Input {
  readonly files: number
  readonly objects: readonly FileObject[]
  /** The grants among them, and those that only count. */
  readonly own: readonly FileGrant[]
  readonly beside: readonly FileGrant[]
  /** What could not be read, in lines. */
  readonly problems: readonly string[]
  /** What was left out or assumed, in lines. */
  readonly notes: readonly string[]
}

/** What is not known of the cluster: the configuration may say otherwise for parts of it. */
export const MODES_UNKNOWN =
  'modes by namespace label, exempt users and exempt groups are not known of files: everything is judged as in mode deny'

/**
 * Reads files for a command, and says what it has left out or assumed.
 *
 * @param command as it reads standard input, such as `check -`
 */
export async function readInput(asked: Asked, catalogue: Catalogue, command: string): Promise<Input> {
  const namespace = asked.namespace ?? 'default'
  const main = await readObjects(asked.paths, namespace, asked.exclude)
  const beside = await readObjects(asked.grants ?? [], namespace, asked.exclude)
  const isGrant = ({ object }: FileObject) => grantKindOf(object, catalogue.grantKinds) !== undefined
  const isChecked = (one: FileObject) => isGrant(one) || catalogue.referrer(one.name) !== undefined
  const judged = [...main.objects.filter(isChecked), ...beside.objects.filter(isGrant)]
  const own = grantsAmong(main.objects, catalogue.grantKinds)
  const others = grantsAmong(beside.objects, catalogue.grantKinds)
  return {
    files: main.files,
    objects: main.objects,
    own,
    beside: others,
    problems: [...main.problems, ...beside.problems].map(({ place, message }) => `${bare(place)}: ${visible(message)}`),
    notes: [
      ...[main, beside].flatMap((read) => leftOut(read, command)),
      ...emptiness(main, isChecked, NOTHING_CHECKED),
      ...emptiness(beside, isGrant, (where) => `no ReferenceGrant in ${where}`),
      ...(asked.namespace === undefined ? assumed(judged) : []),
      ...together(main, isChecked),
      ...conflictsOf([...own, ...others]),
    ],
  }
}

function leftOut(read: FileObjects, command: string): string[] {
  const render = (with_: string, folder: string) => `${with_} ${argument(folder)} | refgrant ${command}`
  return [
    ...read.templates.map(
      (one) => `${bare(one.path)}: templates of Helm are not read; instead: ${render('helm template', one.chart)}`,
    ),
    ...read.kustomizations.map(({ file, namespace }) => {
      const sets = namespace === undefined ? '' : ` and sets namespace ${quote(namespace)}`
      const instead = file === '-' ? '' : `; to see what it makes: ${render('kubectl kustomize', path.dirname(file))}`
      return `${bare(file)}: is a kustomization, no object,${sets || ' and is left out'}${instead}`
    }),
    ...read.objects.flatMap((object) => {
      const delivery = deliveryOf(object)
      if (!delivery) return []
      const { tool, namespace, folder, field } = delivery
      const place = placeTitle({ file: object.file, line: object.lineOf(field) })
      const sets = `${tool} sets namespace ${quote(namespace)} for what is in ${bare(folder)}`
      return [
        `${place}: ${sets}; to see what it makes: ${render('kubectl kustomize', folder)} -n ${argument(namespace)}`,
      ]
    }),
    ...read.left.map(({ place, message }) => `${bare(place)}: ${message}`),
    ...(read.others > 0
      ? [
          `${counted(read.others, 'document')} left out, since there is no Kubernetes object in ${read.others === 1 ? 'it' : 'them'}`,
        ]
      : []),
  ]
}

/** A foreign text in a command that somebody may copy: one argument to a shell, whatever is in it. */
export function argument(text: string): string {
  return /^[\w./][-\w./]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const NOTHING_CHECKED = (where: string) =>
  `nothing to check in ${where}: refgrant catalogue lists the kinds that are checked`

/** Folders in which there is nothing to do, or that there is nothing at all. */
function emptiness(
  read: FileObjects,
  isOne: (object: FileObject) => boolean,
  sentence: (where: string) => string,
): string[] {
  // What could not be read may be one.
  if (read.problems.length > 0) return []
  const found = new Set(read.objects.filter(isOne).map(({ asked }) => asked))
  const folders = read.folders.filter((folder) => !found.has(folder))
  if (folders.length === 0 && found.size === 0 && read.files > 0) return [sentence('what was read')]
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

/** Folders are often of several clusters, and one run knows of one. */
function together(read: FileObjects, isChecked: (object: FileObject) => boolean): string[] {
  const found = new Set(read.objects.filter(isChecked).map(({ asked }) => asked))
  const folders = read.folders.filter((folder) => found.has(folder)).map(bare)
  if (folders.length < 2) return []
  return [
    `${folders.join(', ')} are judged together: the grants of each count for all; if they are of several clusters, check each by itself`,
  ]
}

import path from 'node:path'
import type { Config } from '../config/config.ts'
import { configurationSchema } from '../config/schema.ts'
import type { FileGrant } from '../files/grant-files.ts'
import type { FileObject, FileObjects } from '../files/object-files.ts'
import { PROGRAM } from '../system/program.ts'
import { counted } from '../wording/counted.ts'
import { grantTitle } from '../wording/objects.ts'
import { placeTitle } from '../wording/place.ts'
import { bare, quote } from '../wording/quote.ts'

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

/** Returns the sentence of `emptiness` for files without an object that is checked. */
export const nothingChecked = (where: string) =>
  `nothing to check in ${where}: ${PROGRAM} catalogue lists the kinds that are checked`

/** Returns notes about folders without a matching object, or about the lack of any. */
export function emptiness(
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

/** Returns a note if globs of `--exclude` left out nothing of the folders that were read: one may be misspelt. */
export function unused(globs: readonly string[], read: readonly FileObjects[]): string[] {
  const without = [...new Set(globs)].filter((glob) => !read.some(({ used }) => used.has(glob)))
  if (without.length === 0 || read.every(({ folders }) => folders.length === 0)) return []
  return [
    `--exclude ${without.map(quote).join(', ')} leaves out nothing: write the name of a file or folder, or its path from the folder that is read`,
  ]
}

/** Returns a note if objects without a namespace are judged in the default one. */
export function assumed(judged: readonly FileObject[]): string[] {
  const without = judged.filter((one) => !one.hasNamespace)
  const [first] = without
  if (!first) return []
  const place = placeTitle(first)
  const more = without.length > 1 ? ` and ${counted(without.length - 1, 'more object')}` : ''
  return [`namespace "default" is assumed for ${place}${more}: name another with -n, or read the rendered output`]
}

/** Returns why a grant of `--grants` does not count. */
export function refusal({ grant, object, refused }: FileGrant): string[] {
  if (refused === undefined) return []
  const place = placeTitle({ file: object.file, line: object.lineOf(refused) })
  return [`${place}: ${grantTitle(grant, object.name.kind)} does not count: the API server rejects this ${refused}`]
}

/** Returns a note if several folders are judged together, since they often belong to different clusters. */
export function together(read: FileObjects, isChecked: (object: FileObject) => boolean): string[] {
  const found = new Set(read.objects.filter(isChecked).map(({ asked }) => asked))
  const asked = read.folders.filter((folder) => found.has(folder))
  const folders = [...new Map(asked.map((folder) => [path.resolve(folder), bare(folder)])).values()]
  if (folders.length < 2) return []
  return [
    `${folders.join(', ')} are judged together: the grants of each count for all; if they belong to different clusters, check each separately`,
  ]
}

const HOUR = 60 * 60 * 1_000
const DAY = 24 * HOUR

/** Returns a note about the age of a file that was read from a cluster. */
export function age({ file, taken }: FileObjects['snapshots'][number]): string {
  const time = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(taken.trim()) ? Date.now() - Date.parse(taken.trim()) : Number.NaN
  if (!(time >= 0)) return `${bare(file)}: is a snapshot of an unknown time: ${quote(taken)} is not a time in the past`
  const hours = Math.floor(time / HOUR)
  const old =
    time >= 2 * DAY ? `${Math.floor(time / DAY)} days` : hours === 0 ? 'less than an hour' : counted(hours, 'hour')
  return `${bare(file)}: is a snapshot of ${taken.trim()}, ${old} ago: grants may have changed since then`
}

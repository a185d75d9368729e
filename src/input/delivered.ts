import path from 'node:path'
import { type Delivery, deliveriesAmong } from '../files/deliveries.ts'
import { isRendered, type Kustomization } from '../files/kustomize.ts'
import type { FileObject, FileObjects } from '../files/object-files.ts'
import { STDIN } from '../files/text.ts'
import { deliveryNotes, setNotes } from './delivery-notes.ts'
import { gitRoot, plainUrl, type Repository, remotesOf } from './repository.ts'
import { Slots } from './slots.ts'

/** Files with the namespaces that Flux and Argo CD set, and notes about these. */
interface Delivered {
  readonly placed: readonly [main: FileObjects, beside: FileObjects]
  readonly notes: readonly string[]
  /** What sets a namespace for the output of a kustomization, by its file. */
  readonly appliers: ReadonlyMap<string, Delivery>
}

/**
 * Gives objects the namespace that Flux or Argo CD sets for them, as far as the files tell for certain: the source is
 * this repository, nothing renders the folder, and nothing else among the files applies it in another way.
 *
 * @param command the name of the command, such as `check`
 * @param repository where the files are; default: the git repository around the file that sets the namespace
 */
export async function delivered(
  [main, beside]: readonly [main: FileObjects, beside: FileObjects],
  command: string,
  isChecked: (object: FileObject) => boolean,
  repository?: Repository,
): Promise<Delivered> {
  const objects = [...main.objects, ...beside.objects]
  const sets = setNotes(objects)
  const kustomizations = [...main.kustomizations, ...beside.kustomizations]
  const deliveries = deliveriesAmong(
    objects,
    kustomizations.flatMap(({ edits }) => edits),
  )
  if (deliveries.length === 0) return { placed: [main, beside], notes: sets, appliers: new Map() }
  const places = await placesOf(deliveries, new Set([...main.folders, ...beside.folders]), repository)
  const slots = new Slots(places)
  slots.look([...objects, ...kustomizations])
  const place = (read: FileObjects) => ({
    ...read,
    objects: read.objects.map((one) => slots.placed(one, isChecked)),
  })
  const placed = [place(main), place(beside)] as const
  const notes = deliveries.flatMap((one) => deliveryNotes(one, slots.of(one), command))
  return { placed, notes: [...notes, ...sets], appliers: appliersOf(kustomizations, places) }
}

/** Returns what sets a namespace for the output of each kustomization: what applies its folder or, if nothing else renders it, one above. */
function appliersOf(
  kustomizations: readonly Kustomization[],
  places: ReadonlyMap<Delivery, string>,
): Map<string, Delivery> {
  const setting = [...places].filter(([{ namespace }]) => namespace !== '')
  const byFolder = new Map(setting.map(([one, folder]) => [folder, one]))
  const applierOf = (folder: string, isOwn: boolean): Delivery | undefined => {
    if (!isOwn && isRendered(folder)) return undefined
    const one = byFolder.get(folder)
    const above = path.dirname(folder)
    return one && (isOwn || one.isDeep) ? one : above === folder ? undefined : applierOf(above, false)
  }
  const found = kustomizations.map(({ file }) => [file, applierOf(path.dirname(path.resolve(file)), true)] as const)
  return new Map(found.flatMap(([file, one]) => (one ? [[file, one] as const] : [])))
}

/**
 * Returns the folder of each delivery whose source is this repository, as far as the files tell. Where git knows no remote,
 * they do if they name one repository only.
 */
async function placesOf(
  deliveries: readonly Delivery[],
  folders: ReadonlySet<string>,
  repository: Repository | undefined,
): Promise<Map<Delivery, string>> {
  const rootOf = ({ by: { file, asked } }: Delivery) =>
    repository?.root ?? gitRoot(path.dirname(file)) ?? (folders.has(asked) ? asked : undefined)
  const inFiles = deliveries.filter(({ by }) => by.file !== STDIN)
  const places = new Map<Delivery, string>()
  for (const [root, some] of Map.groupBy(inFiles, rootOf)) {
    if (root === undefined) continue
    const remotes = repository?.urls ?? (await remotesOf(root))
    const named = some.flatMap(({ url }) => url || [])
    const known = new Set((remotes.length > 0 ? remotes : named).map(plainUrl))
    const isCertain = remotes.length > 0 || known.size === 1
    for (const one of some) {
      const isOwn = one.url === undefined || (isCertain && known.has(plainUrl(one.url)))
      if (isOwn) places.set(one, path.resolve(root, path.join('.', path.join(path.sep, one.folder))))
    }
  }
  return places
}

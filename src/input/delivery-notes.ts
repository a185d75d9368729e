import path from 'node:path'
import { type Delivery, foundFrom, namespaceOfSet } from '../files/deliveries.ts'
import { kustomizationIn } from '../files/kustomize.ts'
import type { FileObject } from '../files/object-files.ts'
import { STDIN } from '../files/text.ts'
import { PROGRAM } from '../system/program.ts'
import { counted } from '../wording/counted.ts'
import { objectTitle } from '../wording/objects.ts'
import { placeTitle } from '../wording/place.ts'
import { bare, quote } from '../wording/quote.ts'
import { readingCommand, shellArgument } from '../wording/shell.ts'
import { rendered } from './left-out.ts'
import { isSame, type Slot } from './slots.ts'

/**
 * Returns a note about the namespace that a delivery sets: that it counts or, where that is not certain, how to read the
 * objects in it.
 *
 * @param slot what is known of its files; undefined if its source is not known to be this repository
 * @param command the name of the command, such as `check`
 */
export function deliveryNotes(one: Delivery, slot: Slot | undefined, command: string): string[] {
  const { by, tool, namespace } = one
  if (namespace === '') return []
  const place = placeOf(by, one.field)
  const folder = bare(path.normalize(one.folder || '.'))
  const rival = slot?.rivals.find((other) => !isSame(one, other))
  const isUncertain = !slot?.hasFiles || slot.isUnknown || slot.rivals.length > 0
  const notes = []
  if (slot?.isApplied && slot.first[0] === one) {
    const more =
      slot.count > 1
        ? ` and ${counted(slot.count - 1, 'more object that sets it too', 'more objects that set it too')}`
        : ''
    notes.push(
      `namespace ${quote(namespace)} of the objects in ${folder} comes from ${objectTitle(by.name)} (${place})${more}`,
    )
  }
  if (isUncertain) {
    const doubt = rival ? `, which ${placeOf(rival.by, rival.field)} applies in another way` : ''
    const source = slot ? '' : ' of a source that is not known to be this repository'
    const sets = `${place}: ${tool} sets namespace ${quote(namespace)} for the objects in ${folder}${source}${doubt}`
    notes.push(`${sets}; ${toRead(one, command)}`)
  }
  return notes
}

/** Returns how to read the objects of a delivery in their namespace. */
function toRead(one: Delivery, command: string): string {
  const { by, tool, namespace, folder } = one
  const found = by.file === STDIN ? undefined : foundFrom(folder, by)
  const option = `-n ${shellArgument(namespace)}`
  if (tool === 'Flux') {
    if (found === undefined) return `render that folder with flux build kustomization ${shellArgument(by.name.name)}`
    const owner =
      by.hasNamespace && by.name.namespace !== 'flux-system' ? ` -n ${shellArgument(by.name.namespace)}` : ''
    const paths = `--path ${shellArgument(found)} --kustomization-file ${shellArgument(by.file)}`
    const build = `flux build kustomization ${shellArgument(by.name.name)}${owner} ${paths} --dry-run`
    return `to read them in this namespace: ${build} | ${readingCommand(PROGRAM, command, STDIN)}`
  }
  if (found === undefined) return `read that folder with ${option}`
  const read = kustomizationIn(found)
    ? rendered('kubectl kustomize', found, command)
    : readingCommand(PROGRAM, command, found)
  return `to read them in this namespace: ${read} ${option}`
}

/** Returns notes about ApplicationSets, of which a cluster makes the Applications. */
export function setNotes(objects: readonly FileObject[]): string[] {
  return objects.flatMap((one) => {
    const set = namespaceOfSet(one)
    if (!set) return []
    const sets = `Argo CD sets namespace ${quote(set.namespace)} for the objects of the Applications of ${objectTitle(one.name)}`
    return [`${placeOf(one, set.field)}: ${sets}; read the folder of each Application with -n`]
  })
}

const placeOf = (one: FileObject, field: string) => placeTitle({ file: one.file, line: one.lineOf(field) })

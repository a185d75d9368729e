import path from 'node:path'
import { type Delivery, deliveryOf, foundFrom, kustomizationIn } from '../files/kustomize.ts'
import type { FileObject, FileObjects } from '../files/object-files.ts'
import { STDIN } from '../files/text.ts'
import { counted } from '../wording/counted.ts'
import { placeTitle } from '../wording/place.ts'
import { bare, quote } from '../wording/quote.ts'
import { shellArgument } from '../wording/shell.ts'

/**
 * Returns notes about what was left out, and how to read it.
 *
 * @param command the name of the command, such as `check`
 */
export function leftOut(read: FileObjects, command: string): string[] {
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
  const option = `-n ${shellArgument(namespace)}`
  const found = foundFrom(folder, object)
  if (found === undefined) return `${sets}; read that folder with ${option}`
  const read = kustomizationIn(found)
    ? rendered('kubectl kustomize', found, command)
    : `refgrant ${command} ${shellArgument(found)}`
  return `${sets}; to read them in this namespace: ${read} ${option}`
}

/** Returns the command that reads the output of another program for a folder. */
function rendered(program: string, folder: string, command: string): string {
  return `${program} ${shellArgument(folder)} | refgrant ${command} ${STDIN}`
}

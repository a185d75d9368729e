import path from 'node:path'
import type { Delivery } from '../files/deliveries.ts'
import type { FileObjects } from '../files/object-files.ts'
import { STDIN } from '../files/text.ts'
import { PROGRAM } from '../system/program.ts'
import { counted } from '../wording/counted.ts'
import { placeTitle } from '../wording/place.ts'
import { bare, quote } from '../wording/quote.ts'
import { readingCommand, shellArgument } from '../wording/shell.ts'

/**
 * Returns notes about what was left out, and how to read it.
 *
 * @param command the name of the command, such as `check`
 * @param appliers what sets a namespace for the output of a kustomization, by its file; another note says how to read that
 */
export function leftOut(read: FileObjects, command: string, appliers: ReadonlyMap<string, Delivery>): string[] {
  return [
    ...read.templates.map(
      (one) =>
        `${bare(one.path)}: left out, since it holds Helm templates; run: ${rendered('helm template', one.chart, command)}`,
    ),
    ...read.kustomizations.map(({ file, namespace }) => {
      const by = appliers.get(file)
      // The namespace of Flux replaces that of the kustomization.
      const sets = namespace === undefined || by?.tool === 'Flux' ? '' : ` and sets namespace ${quote(namespace)}`
      const instead = file === STDIN ? '' : `; to read its output: ${kustomized(path.dirname(file), command)}`
      const applied = by && `; ${by.tool} applies its output: see the note on ${fieldTitle(by)}`
      return `${bare(file)}: is a kustomization${sets || ' and is left out'}${applied ?? instead}`
    }),
    ...read.left.map(({ place, message }) => `${bare(place)}: ${message}`),
    ...(read.others > 0 ? [`${counted(read.others, 'document')} without a Kubernetes object left out`] : []),
  ]
}

const fieldTitle = ({ by: { file, lineOf }, field }: Delivery) => placeTitle({ file, line: lineOf(field) })

/** Returns the command that reads the output of a kustomization. */
function kustomized(folder: string, command: string): string {
  // audit has no -k.
  return command === 'audit'
    ? rendered('kubectl kustomize', folder, command)
    : `${PROGRAM} ${command} -k ${shellArgument(folder)}`
}

/** Returns the command that reads the output of another program for a folder. */
export function rendered(program: string, folder: string, command: string): string {
  return `${program} ${shellArgument(folder)} | ${readingCommand(PROGRAM, command, STDIN)}`
}

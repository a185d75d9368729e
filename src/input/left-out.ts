import path from 'node:path'
import type { FileObjects } from '../files/object-files.ts'
import { STDIN } from '../files/text.ts'
import { counted } from '../wording/counted.ts'
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
      const instead = file === '-' ? '' : `; to read its output: ${kustomized(path.dirname(file), command)}`
      return `${bare(file)}: is a kustomization${sets || ' and is left out'}${instead}`
    }),
    ...read.left.map(({ place, message }) => `${bare(place)}: ${message}`),
    ...(read.others > 0 ? [`${counted(read.others, 'document')} without a Kubernetes object left out`] : []),
  ]
}

/** Returns the command that reads the output of a kustomization. */
function kustomized(folder: string, command: string): string {
  // audit has no -k.
  return command === 'audit'
    ? rendered('kubectl kustomize', folder, command)
    : `refgrant ${command} -k ${shellArgument(folder)}`
}

/** Returns the command that reads the output of another program for a folder. */
export function rendered(program: string, folder: string, command: string): string {
  return `${program} ${shellArgument(folder)} | refgrant ${command} ${STDIN}`
}

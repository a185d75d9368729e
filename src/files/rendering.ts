import type { ObjectDocument } from '../yaml/objects.ts'
import { outputOf, ProgramError } from './program.ts'
import { collect, Unreadable } from './text.ts'

/** The programs that render a kustomization, the preferred one first, with their arguments before the folder. */
const TOOLS = [
  ['kubectl', 'kustomize'],
  ['kustomize', 'build'],
] as const

/**
 * Renders a kustomization with the kubectl or the kustomize of the machine.
 *
 * @throws Unreadable if there is neither, or it fails
 */
export async function renderKustomization(folder: string): Promise<Buffer> {
  for (const [program, ...args] of TOOLS) {
    try {
      // A folder whose name begins with a dash is not an option.
      return await collect(outputOf(program, [...args, folder.startsWith('-') ? `./${folder}` : folder]))
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error
      if (!error.isMissing) throw new Unreadable(`${program} cannot render it: ${error.message}`, { cause: error })
    }
  }
  throw new Unreadable('cannot be rendered: there is neither kubectl nor kustomize on the PATH')
}

/** Where an object of a rendering is: in its kustomization, since the rendering is not a file. */
export function atTop({ object }: ObjectDocument): ObjectDocument {
  return { object, line: 1, lineOf: () => 1, spanOf: () => ({ line: 1, column: 1, endLine: 1, endColumn: 2 }) }
}

import { type Config, coverageOf } from '../config/config.ts'
import type { Audited } from '../report/audited.ts'
import { type Asked, readInput } from './files.ts'
import { unknownToFiles } from './notes.ts'

/**
 * Reads what files hold, for an audit.
 *
 * @throws Failure if standard input is named twice
 */
export async function auditedFiles(asked: Asked, config: Config): Promise<Audited> {
  const { objects, own, candidates, problems, notes } = await readInput(asked, coverageOf(config), 'audit')
  const grants = own.map(({ grant, object, refused }) => ({
    ...{ grant, object: object.object, refused },
    placeOf: (path: string) => ({ file: object.file, ...object.spanOf(path) }),
  }))
  return { objects, grants, candidates, unknown: new Set(), problems, notes: [...notes, ...unknownToFiles(config)] }
}

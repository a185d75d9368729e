import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { ApiObject } from './api-object.ts'

const FOLDER = path.join(import.meta.dirname, '..', '..', 'crds')

/** What the presets need of the CRDs of other projects, by the name of the preset; the files say from where it is. */
export function ownCrds(): ReadonlyMap<string, readonly ApiObject[]> {
  const files = readdirSync(FOLDER)
  return new Map(
    files.map((file) => {
      const documents = parseAllDocuments(readFileSync(path.join(FOLDER, file), 'utf8'))
      return [path.basename(file, '.yaml'), documents.map((document) => document.toJS() as ApiObject)]
    }),
  )
}

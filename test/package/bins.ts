import { readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { folderWith } from '../harness/folders.ts'

/** A new folder with the commands of the package in dist/, as an installation makes them, and this Node. */
export function binFolder(): string {
  const folder = folderWith({})
  const { bin } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const [name, file] of Object.entries<string>(bin)) symlinkSync(path.resolve(file), path.join(folder, name))
  symlinkSync(process.execPath, path.join(folder, 'node'))
  return folder
}

import { execFile } from 'node:child_process'
import { access, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { ApiObject } from '../objects/api-object.ts'

const run = promisify(execFile)

/** The CRDs in the files of a folder. */
export async function crdsIn(folder: string): Promise<ApiObject[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort()
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')))
  return texts
    .flatMap((text) => parseAllDocuments(text))
    .map((document) => document.toJS() as ApiObject | null)
    .filter((object) => object?.kind === 'CustomResourceDefinition')
    .filter((object) => object !== null)
}

/**
 * The folder that holds a release of a Go module.
 *
 * @throws Error if the module cannot be had
 */
export async function moduleFolder(module: string, release: string): Promise<string> {
  // Outside of any module, so that no go.mod of ours has to name all releases.
  const options = { cwd: tmpdir(), maxBuffer: 1024 * 1024 }
  const { stdout: cache } = await run('go', ['env', 'GOMODCACHE'], options)
  const folder = path.join(cache.trim(), `${module}@${release}`)
  // Also where the folder is there: another process may be filling it, and Go waits for that. A release that asks for a
  // newer Go than this one is downloaded all the same, and only then complained about.
  const failure = await run('go', ['mod', 'download', '-json', `${module}@${release}`], options).catch((error) => error)
  await access(folder).catch(() => {
    throw new Error(`cannot get ${module}@${release}: ${failure.stdout || failure}`)
  })
  return folder
}

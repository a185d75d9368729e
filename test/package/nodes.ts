import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { cacheFolder } from '../harness/control-plane/go-programs.ts'

/** The npm package that holds the Node of this machine. */
const NODE = `node-${process.platform}-${process.arch}`

/**
 * Returns the folder of a Node of this version, which comes from the npm registry once (about 45 MB).
 *
 * @throws Error if it cannot be downloaded
 */
export function folderOfNode(version: string): string {
  const home = path.join(cacheFolder, `node-${version}`)
  const folder = path.join(home, 'node_modules', NODE, 'bin')
  if (existsSync(path.join(folder, 'node'))) return folder
  mkdirSync(cacheFolder, { recursive: true })
  const work = mkdtempSync(`${home}-`)
  const options = ['--loglevel', 'error', '--no-save', '--ignore-scripts', '--prefix', work]
  execFileSync('npm', ['install', ...options, `${NODE}@${version}`], { stdio: ['ignore', 'ignore', 'inherit'] })
  rmSync(home, { recursive: true, force: true })
  renameSync(work, home)
  return folder
}

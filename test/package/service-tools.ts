import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cacheFolder } from '../harness/control-plane/go-programs.ts'
import { folderWith } from '../harness/folders.ts'

/** The programs that services run, or that check their files, by where they come from. */
const PYTHON = ['pre-commit==4.7.0', 'zizmor==1.32.0']
const NPM = ['gitlab-ci-local@4.75.1']
const GO = ['github.com/rhysd/actionlint/cmd/actionlint@v1.7.12', 'github.com/nektos/act@v0.2.89']

/**
 * Returns the folder of these programs, which are installed once, in minutes.
 *
 * @throws Error if a registry cannot be reached, or Python, npm or Go is missing
 */
export function serviceTools(): string {
  const home = path.join(cacheFolder, 'service-tools-1')
  const bin = path.join(home, 'bin')
  const done = path.join(home, 'complete')
  if (existsSync(done)) return bin
  rmSync(home, { recursive: true, force: true })
  mkdirSync(bin, { recursive: true })
  const run = (program: string, argv: string[], env = {}) =>
    execFileSync(program, argv, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] })
  run('python3', ['-m', 'venv', path.join(home, 'python')])
  run(path.join(home, 'python/bin/pip'), ['install', '--quiet', ...PYTHON])
  run('npm', ['install', '--loglevel', 'error', '--no-save', '--ignore-scripts', '--prefix', home, ...NPM])
  for (const one of GO) run('go', ['install', one], { GOBIN: bin, GOFLAGS: '-mod=mod' })
  for (const program of ['pre-commit', 'zizmor'])
    symlinkSync(path.join(home, 'python/bin', program), path.join(bin, program))
  symlinkSync(path.join(home, 'node_modules/.bin/gitlab-ci-local'), path.join(bin, 'gitlab-ci-local'))
  writeFileSync(done, '')
  return bin
}

/** A folder with this Node under both of its names, since Debian calls it nodejs. */
export function nodeUnderBothNames(): string {
  const folder = folderWith({})
  for (const name of ['node', 'nodejs']) symlinkSync(process.execPath, path.join(folder, name))
  return folder
}

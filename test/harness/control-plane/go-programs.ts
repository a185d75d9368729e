import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { go } from './go.ts'
import { Progress } from './progress.ts'

/** Where refgrant's development tools keep what is worth keeping between clones. */
export const cacheFolder = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'refgrant')

/** A Go module that lists programs as its tools; there is no Go code of ours. */
export interface GoModule<Program extends string> {
  /** The folder in the cache begins with it. */
  readonly name: string
  /** The folder of go.mod and go.sum. */
  readonly folder: string
  /** Each program's file name, and the Go package that it is built from. */
  readonly packages: Readonly<Record<Program, string>>
  /** What to know before the first build. */
  readonly remark: string
}

/** Programs in a folder. */
export interface Programs<Program extends string> {
  /** The folder that holds them. */
  readonly folder: string
  /** Absolute path of one of them. */
  path(name: Program): string
}

/** Programs in a folder that holds them all. */
export function programsIn<Program extends string>(folder: string): Programs<Program> {
  return { folder, path: (name) => path.join(folder, name) }
}

/**
 * The programs of a module: from the cache, where they are built first if need be (the progress goes to stderr).
 *
 * @throws Error if Go is missing or a build fails; the signal's reason after an abort
 */
export async function goPrograms<Program extends string>(
  module: GoModule<Program>,
  signal?: AbortSignal,
): Promise<Programs<Program>> {
  const directory = cacheOf(module)
  const missing = missingIn(directory, module)
  for (const [index, name] of missing.entries()) {
    const progress = new Progress(
      `building ${name} (${index + 1} of ${missing.length})`,
      index === 0 ? module.remark : undefined,
    )
    try {
      await build(module, name, directory, signal)
    } finally {
      progress.end()
    }
  }
  return programsIn(directory)
}

/** The programs of a module that a folder lacks. */
export function missingIn<Program extends string>(directory: string, { packages }: GoModule<Program>): Program[] {
  const names = Object.keys(packages) as Program[]
  return names.filter((name) => !existsSync(path.join(directory, name)))
}

/** Another version in the module files is another folder, so a cache is never stale. */
function cacheOf({ name, folder }: GoModule<string>): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(path.join(folder, file)))
  return path.join(cacheFolder, `${name}-${hash.digest('hex').slice(0, 12)}`)
}

/** Builds in a separate folder and moves the result, so that no reader gets half a file, and two builds do not collide. */
async function build<Program extends string>(
  { folder, packages }: GoModule<Program>,
  name: Program,
  directory: string,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(directory, { recursive: true })
  const work = await mkdtemp(path.join(directory, '.building-'))
  try {
    const output = path.join(work, name)
    const args = ['build', '-trimpath', '-ldflags', linkerFlags(folder), '-o', output, packages[name]]
    // GOTMPDIR: a killed `go` does not remove its temporary files, so they have to be where we do.
    const { succeeded, stderr } = await go(args, folder, { CGO_ENABLED: '0', GOTMPDIR: work }, signal)
    if (!succeeded) throw new Error(`go build ${packages[name]} failed:\n${stderr.trimEnd()}`)
    await rename(output, path.join(directory, name))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** What Kubernetes' own build puts in, if the module holds Kubernetes: without a version the API server rejects to start. */
function linkerFlags(folder: string): string {
  const [, version, major, minor] =
    /^\tk8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/m.exec(readFileSync(path.join(folder, 'go.mod'), 'utf8')) ?? []
  const values = version ? { gitVersion: version, gitMajor: major, gitMinor: minor } : {}
  const settings = Object.entries(values).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`)
  return ['-s -w', ...settings].join(' ')
}

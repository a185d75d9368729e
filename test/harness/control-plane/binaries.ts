import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { go } from './go.ts'
import { Progress } from './progress.ts'

/** The programs that a control plane consists of. */
export interface Binaries {
  /** The folder that holds them. */
  readonly folder: string
  /** Absolute path of one of them. */
  path(name: Program): string
}

/** The program's file name, and the Go package that it is built from. */
const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
} as const

/** Where refgrant's development tools keep what is worth keeping between clones. */
export const cacheFolder = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'refgrant')

/** A program's file name. */
type Program = keyof typeof PACKAGES

/** Where the Go modules are listed; there is no Go code of ours. */
const MODULE = path.join(import.meta.dirname, '..', '..', 'control-plane')

/**
 * The programs of a control plane: from the folder KUBEBUILDER_ASSETS if that is set, otherwise from the cache, where
 * they are built first if need be (5 to 20 minutes; the progress goes to stderr).
 *
 * @throws Error if KUBEBUILDER_ASSETS lacks one, Go is missing or a build fails; the signal's reason after an abort
 */
export async function binaries(signal?: AbortSignal): Promise<Binaries> {
  const assets = process.env.KUBEBUILDER_ASSETS
  const directory = assets ? path.resolve(assets) : builtFolder()
  const missing = missingIn(directory)
  if (assets && missing.length > 0) {
    throw new Error(`KUBEBUILDER_ASSETS is ${assets}, which lacks ${missing}: put it there, or unset the variable`)
  }
  for (const [index, name] of missing.entries()) {
    const progress = new Progress(
      `building ${name} (${index + 1} of ${missing.length})`,
      index === 0 ? ONCE : undefined,
    )
    await build(name, directory, progress, signal)
  }
  return { folder: directory, path: (name) => path.join(directory, name) }
}

const ONCE = `once for this machine, 5 to 20 minutes in all.
KUBEBUILDER_ASSETS=$(setup-envtest use -p path 1.36) in the environment avoids that: Ctrl-C, and begin again with it.`

function missingIn(directory: string): Program[] {
  const names = Object.keys(PACKAGES) as Program[]
  return names.filter((name) => !existsSync(path.join(directory, name)))
}

/** Another version in the module files is another folder, so a cache is never stale. */
function builtFolder(): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(path.join(MODULE, file)))
  return path.join(cacheFolder, `control-plane-${hash.digest('hex').slice(0, 12)}`)
}

/** Builds in a folder of its own and moves the result: nobody sees half a file, and two builders do not meet. */
async function build(name: Program, directory: string, progress: Progress, signal?: AbortSignal): Promise<void> {
  await mkdir(directory, { recursive: true })
  const work = await mkdtemp(path.join(directory, '.building-'))
  try {
    const output = path.join(work, name)
    const args = ['build', '-trimpath', '-ldflags', linkerFlags(), '-o', output, PACKAGES[name]]
    // GOTMPDIR: a killed `go` does not remove its temporary files, so they have to be where we do.
    const { succeeded, stderr } = await go(args, MODULE, { CGO_ENABLED: '0', GOTMPDIR: work }, signal)
    if (!succeeded) throw new Error(`go build ${PACKAGES[name]} failed:\n${stderr.trimEnd()}`)
    await rename(output, path.join(directory, name))
  } catch (error) {
    if (signal?.aborted || !(error instanceof Error)) throw error
    throw new Error(`${error.message}\n${ALTERNATIVE}`, { cause: error })
  } finally {
    progress.end()
    await rm(work, { recursive: true, force: true })
  }
}

const ALTERNATIVE =
  'Instead of a build, KUBEBUILDER_ASSETS may name a folder that holds etcd, kube-apiserver and kubectl.'

/** What Kubernetes' own build puts in: without a version the API server rejects to start. */
function linkerFlags(): string {
  const [, version, major, minor] =
    /^\tk8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/m.exec(readFileSync(path.join(MODULE, 'go.mod'), 'utf8')) ?? []
  if (!version) throw new Error(`${MODULE}/go.mod requires no version of k8s.io/kubernetes`)
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor }
  const settings = Object.entries(values).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`)
  return ['-s -w', ...settings].join(' ')
}

if (import.meta.main) {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => interrupted.abort(new Error(signal)))
  try {
    console.log((await binaries(interrupted.signal)).folder)
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}

import path from 'node:path'
import { type GoModule, goPrograms, missingIn, type Programs, programsIn } from './go-programs.ts'

/** A program's file name. */
type Program = 'etcd' | 'kubectl' | 'kube-apiserver'

/** The programs that a control plane consists of. */
export type Binaries = Programs<Program>

/** A minor release of Kubernetes, which has a module in test/control-plane/. */
export type Release = '1.36' | '1.37'

/** The release that tests are about unless they name one. */
const USUAL = (process.env.REFGRANT_KUBERNETES ?? '1.36') as Release

const ONCE = 'once for this machine, 5 to 20 minutes in all.'
const AVOIDED = `KUBEBUILDER_ASSETS=$(setup-envtest use -p path ${USUAL}) in the environment avoids that: Ctrl-C, and begin again with it.`

function moduleOf(release: Release): GoModule<Program> {
  return {
    name: 'control-plane',
    folder: path.join(import.meta.dirname, '..', '..', 'control-plane', release),
    packages: {
      etcd: 'go.etcd.io/etcd/server/v3',
      kubectl: 'k8s.io/kubernetes/cmd/kubectl',
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
    },
    remark: release === USUAL ? `${ONCE}\n${AVOIDED}` : ONCE,
  }
}

const ALTERNATIVE =
  'Instead of a build, KUBEBUILDER_ASSETS may name a folder that holds etcd, kube-apiserver and kubectl.'

/**
 * The programs of a control plane: of the usual release from the folder KUBEBUILDER_ASSETS if that is set, otherwise from
 * the cache, where they are built first if need be (5 to 20 minutes; the progress goes to stderr).
 *
 * @throws Error if KUBEBUILDER_ASSETS lacks one, Go is missing or a build fails; the signal's reason after an abort
 */
export async function binaries(signal?: AbortSignal, release = USUAL): Promise<Binaries> {
  const assets = process.env.KUBEBUILDER_ASSETS
  if (assets && release === USUAL) return given(path.resolve(assets), assets)
  try {
    return await goPrograms(moduleOf(release), signal)
  } catch (error) {
    if (signal?.aborted || !(error instanceof Error) || release !== USUAL) throw error
    throw new Error(`${error.message}\n${ALTERNATIVE}`, { cause: error })
  }
}

function given(directory: string, assets: string): Binaries {
  const missing = missingIn(directory, moduleOf(USUAL))
  if (missing.length === 0) return programsIn(directory)
  throw new Error(`KUBEBUILDER_ASSETS is ${assets}, which lacks ${missing}: put it there, or unset the variable`)
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

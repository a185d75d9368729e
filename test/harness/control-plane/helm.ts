import path from 'node:path'
import { goPrograms } from './go-programs.ts'

/** The releases of Helm that the chart is tested with: the newest, and the last of those that most people have. */
export type Helm = 3 | 4

/**
 * The path of `helm`, which is built first if need be (a minute or two; the progress goes to stderr).
 *
 * @throws Error if Go is missing or the build fails
 */
export async function helm(major: Helm = 4): Promise<string> {
  return programOf(String(major), 'helm', `helm.sh/helm/v${major}/cmd/helm`)
}

/**
 * The path of `helm-unittest`, as `helm`. It renders with a Helm of its own.
 *
 * @throws as `helm`
 */
export async function helmUnittest(): Promise<string> {
  return programOf('unittest', 'helm-unittest', 'github.com/helm-unittest/helm-unittest/cmd/helm-unittest')
}

async function programOf(module: string, program: string, source: string): Promise<string> {
  const programs = await goPrograms({
    name: `helm-${module}`,
    folder: path.join(import.meta.dirname, '..', '..', 'helm', module),
    packages: { [program]: source },
    remark: 'once for this machine, 1 to 5 minutes.',
  })
  return programs.path(program)
}

if (import.meta.main) {
  try {
    console.log(await helm())
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}

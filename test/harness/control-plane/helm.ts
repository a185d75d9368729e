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
  const programs = await goPrograms({
    name: `helm-${major}`,
    folder: path.join(import.meta.dirname, '..', '..', 'helm', String(major)),
    packages: { helm: `helm.sh/helm/v${major}/cmd/helm` },
    remark: 'once for this machine, 1 to 5 minutes.',
  })
  return programs.path('helm')
}

if (import.meta.main) {
  try {
    console.log(await helm())
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}

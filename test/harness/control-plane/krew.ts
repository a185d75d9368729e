import path from 'node:path'
import { goPrograms, type Programs } from './go-programs.ts'

/**
 * krew, and what validates manifests for its index, which are built first if need be (the progress goes to stderr).
 *
 * @throws Error if Go is missing or a build fails
 */
export function krewPrograms(): Promise<Programs<'krew' | 'validate-krew-manifest'>> {
  return goPrograms({
    name: 'krew',
    folder: path.join(import.meta.dirname, '..', '..', 'krew'),
    packages: {
      krew: 'sigs.k8s.io/krew/cmd/krew',
      'validate-krew-manifest': 'sigs.k8s.io/krew/cmd/validate-krew-manifest',
    },
    remark: 'once for this machine, 1 to 5 minutes.',
  })
}

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { stringify } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { sha256Of } from '../image/fetch.ts'
import type { Platform } from '../image/pins.ts'
import { archiveName, FOLDER, PINS } from './executables.ts'

/** What krew shows in its lists, in at most 50 characters. */
const SHORT = 'Explain and check Gateway API ReferenceGrants'

const DESCRIPTION = `Says which ReferenceGrant permits a reference of a route or a Gateway into another
namespace, or which grants nearly do and what to correct in them. Prints the grants
that are missing, checks files, and audits a cluster. Reads with your own rights.
`

const CAVEATS = `To complete kubectl refgrant on the command line, write this into a folder of PATH:
  kubectl refgrant completion kubectl > kubectl_complete-refgrant
  chmod +x kubectl_complete-refgrant
`

/**
 * Returns the manifest of krew.
 *
 * @param digestOf the SHA-256 of the archive of a platform
 */
export function krewManifest(digestOf: (platform: Platform) => string) {
  const tag = `v${manifest.version}`
  return {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: manifest.name },
    spec: {
      version: tag,
      homepage: manifest.repository,
      shortDescription: SHORT,
      description: DESCRIPTION,
      caveats: CAVEATS,
      platforms: (Object.keys(PINS) as Platform[]).map((arch) => ({
        selector: { matchLabels: { os: 'linux', arch } },
        uri: `${manifest.repository}/releases/download/${tag}/${archiveName(arch)}`,
        sha256: digestOf(arch),
        files: [
          { from: 'refgrant', to: 'kubectl-refgrant' },
          { from: 'LICENSE*', to: '.' },
          { from: 'THIRD-PARTY-NOTICES', to: '.' },
        ],
        bin: 'kubectl-refgrant',
      })),
    },
  }
}

if (import.meta.main) {
  const written = krewManifest((platform) => sha256Of(readFileSync(path.join(FOLDER, archiveName(platform)))))
  writeFileSync(path.join(FOLDER, `${manifest.name}.yaml`), stringify(written, { lineWidth: 0 }))
}

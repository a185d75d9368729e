import type { Mode } from './settings.ts'

/** The domain of refgrant's names in a cluster: labels, annotations, webhook entries, API versions. */
export const DOMAIN = 'refgrant.dev'

/**
 * The version of the configuration file and of every JSON report. It changes when a field is removed or changes its
 * meaning; fields may be added.
 */
export const API_VERSION = `${DOMAIN}/v1alpha1`

/** Returns the path of the reviews of a mode; without one, of the mode of the configuration. */
export function reviewPath(mode?: Mode): string {
  return mode ? `/validate/${mode}` : '/validate'
}

/** The path of the reviews of ReferenceGrants, which are answered with advice. */
export const ADVICE_PATH = '/advise'

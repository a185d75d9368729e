import type { Mode } from './settings.ts'

/** The domain of what carries our name in a cluster: labels, annotations, webhook entries, API versions. */
export const DOMAIN = 'refgrant.dev'

/**
 * The version of the configuration file and of every JSON report. It changes when a field changes its meaning or goes; fields
 * may be added.
 */
export const API_VERSION = `${DOMAIN}/v1alpha1`

/** Where reviews are answered in a mode; without one, in that of the configuration. */
export function reviewPath(mode?: Mode): string {
  return mode ? `/validate/${mode}` : '/validate'
}

/** Where reviews of ReferenceGrants are answered with advice. */
export const ADVICE_PATH = '/advise'

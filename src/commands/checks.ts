import type { Check } from '../server/health.ts'
import type { GrantSupply } from './grant-supply.ts'

/** What must hold before the API server is sent here. Once synced, for good: an old index is no reason to send nobody here, since fresh reads take its place. */
export function readiness({ knowledge }: GrantSupply, stopping: AbortSignal): () => Check[] {
  let synced = false
  return () => {
    const { grants, ageSeconds } = knowledge()
    synced ||= Number.isFinite(ageSeconds)
    const detail = synced ? `${grants} grants, complete ${ageSeconds.toFixed(1)} s ago` : 'waiting for the first list'
    return [
      { name: 'grants', ok: synced, detail },
      { name: 'serving', ok: !stopping.aborted },
    ]
  }
}

/** Whether the registration is as it should be: told beside readiness, and no part of it: what is registered only an administrator can repair. */
export function driftCheck({ drift }: GrantSupply): Check {
  const lines = drift()
  const detail = lines === undefined ? 'not known' : lines.join('; ')
  return { name: 'registration', ok: lines?.length === 0, ...(detail !== '' && { detail }) }
}

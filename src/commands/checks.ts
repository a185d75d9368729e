import type { Check } from '../server/health.ts'
import { counted } from '../wording/counted.ts'
import type { GrantSupply } from './grant-supply.ts'

/**
 * What must hold before the API server sends reviews to this server. Once synced, the grants count as
 * synced: where they are out of date, fresh reads take their place.
 */
export function readiness({ knowledge }: GrantSupply, stopping: AbortSignal): () => Check[] {
  let synced = false
  return () => {
    const { grants, ageSeconds } = knowledge()
    synced ||= Number.isFinite(ageSeconds)
    const detail = synced
      ? `${counted(grants, 'grant')}, complete ${ageSeconds.toFixed(1)} s ago`
      : 'waiting for the first list'
    return [
      { name: 'grants', ok: synced, detail },
      { name: 'serving', ok: !stopping.aborted },
    ]
  }
}

/** Whether the registration is as it should be; no part of readiness, since only an administrator can repair it. */
export function driftCheck({ drift, driftAgeSeconds }: GrantSupply): Check {
  const lines = drift()
  const age = driftAgeSeconds()
  const when = age === undefined ? [] : [`${lines === undefined ? 'last ' : ''}compared ${age.toFixed(1)} s ago`]
  return { name: 'registration', ok: lines?.length === 0, detail: [...(lines ?? ['not known']), ...when].join('; ') }
}

import type { Registry } from '@prometheus-io/client'
import type { Logger } from 'pino'
import type { GrantSource } from '../admission/grant-source.ts'
import type { Config } from '../config/config.ts'
import type { LiveConfig } from '../config/live.ts'
import type { Check } from '../server/health.ts'
import type { ServedKeyPair } from '../server/tls.ts'
import { counted } from '../wording/counted.ts'
import type { Knowledge } from './metrics/knowledge.ts'
import type { Task } from './task.ts'

/** A source of grants. */
export interface GrantSupply {
  readonly source: GrantSource
  /** Applies a changed configuration. */
  readonly configure: (config: Config) => void
  /** The tasks that keep the grants up to date. */
  readonly tasks: readonly Task[]
}

/** What every supply needs. */
export interface SupplyContext {
  readonly live: LiveConfig
  readonly logger: Logger
  /** The key pair of the server. */
  readonly keyPair: ServedKeyPair
  /** The Secret that the server may write; undefined for certificates from files. */
  readonly secret?: string | undefined
  /** Where the metrics of the supply go. */
  readonly registry: Registry
  /** Ends the wait for the cluster. */
  readonly signal: AbortSignal
}

/**
 * Returns the readiness check of grants. It stays true after the first list: if the cache is stale, fresh reads replace
 * it.
 */
export function syncedOnce(knowledge: () => Knowledge): () => Check[] {
  let synced = false
  return () => {
    const { grants, ageSeconds, lacking } = knowledge()
    synced ||= Number.isFinite(ageSeconds)
    const known = `${counted(grants, 'grant')}, as of ${ageSeconds.toFixed(1)} s ago${lacking ? `; ${lacking}` : ''}`
    const detail = synced ? known : 'waiting for the first list'
    return [{ name: 'grants', ok: synced, detail }]
  }
}

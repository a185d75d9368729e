import type { Registry } from '@prometheus-io/client'
import { gauge } from './instruments.ts'

/** What the grants' source knows now. */
export interface Knowledge {
  /** How many grants are known. */
  readonly grants: number
  /** Seconds since the grants were last known to be complete; Infinity before the first time. */
  readonly ageSeconds: number
}

/** Tells what the grants' source knows. */
export function knowledgeMetrics(registry: Registry, knowledge: () => Knowledge): void {
  const registers: [Registry] = [registry]
  gauge({ registers, name: 'refgrant_grants', help: 'ReferenceGrants known.' }, () => knowledge().grants)
  gauge(
    {
      registers,
      name: 'refgrant_knowledge_age_seconds',
      help: 'Seconds since the known ReferenceGrants were last known to be complete.',
    },
    () => knowledge().ageSeconds,
  )
}

/** Tells how many files and folders of grants cannot be read now. */
export function folderMetrics(registry: Registry, unreadable: () => number): void {
  gauge(
    {
      registers: [registry],
      name: 'refgrant_unreadable_files',
      help: 'With --grants: files and folders that cannot be read now, and whose last grants stay in force; the log names them.',
    },
    unreadable,
  )
}

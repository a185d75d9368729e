import type { Registry } from '@prometheus-io/client'
import { gauge } from './instruments.ts'

/** The state of a source of grants. */
export interface Knowledge {
  /** How many grants are cached. */
  readonly grants: number
  /** Time since the cached grants were last known to be complete, in s; Infinity before the first time. */
  readonly ageSeconds: number
  /** What is not cached, in words: `2 incomplete namespaces`. */
  readonly lacking?: string | undefined
}

/** Exposes the state of the source of grants. */
export function knowledgeMetrics(registry: Registry, knowledge: () => Knowledge): void {
  gauge(registry, 'refgrant_grants', () => knowledge().grants)
  gauge(registry, 'refgrant_knowledge_age_seconds', () => knowledge().ageSeconds)
}

/** Exposes how many files and folders of grants cannot be read now. */
export function folderMetrics(registry: Registry, unreadable: () => number): void {
  gauge(registry, 'refgrant_unreadable_files', unreadable)
}

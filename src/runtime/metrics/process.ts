import { Gauge, type Registry } from '@prometheus-io/client'
import manifest from '../../../package.json' with { type: 'json' }
import { described } from './instruments.ts'

/** Exposes the versions of this process. */
export function processMetrics(registry: Registry): void {
  const versions = { version: manifest.version, node: process.versions.node }
  new Gauge(described(registry, 'refgrant_build_info')).set(versions, 1)
}

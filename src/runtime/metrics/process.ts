import { Gauge, type Registry } from '@prometheus-io/client'
import manifest from '../../../package.json' with { type: 'json' }

/** Tells what runs. */
export function processMetrics(registry: Registry): void {
  new Gauge({
    registers: [registry],
    name: 'refgrant_build_info',
    help: 'The version of refgrant and of Node; always 1.',
    labelNames: ['version', 'node'],
  }).set({ version: manifest.version, node: process.versions.node }, 1)
}

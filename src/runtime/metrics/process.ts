import { Gauge, type Registry } from '@prometheus-io/client'
import manifest from '../../../package.json' with { type: 'json' }

/** Tells what runs, and until when its certificate can be used. */
export function processMetrics(registry: Registry, certificateExpiry: Date): void {
  const registers: [Registry] = [registry]
  new Gauge({
    registers,
    name: 'refgrant_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the webhook expires, in seconds since 1970.',
  }).set(certificateExpiry.getTime() / 1_000)
  new Gauge({
    registers,
    name: 'refgrant_build_info',
    help: 'The version of refgrant and of Node; always 1.',
    labelNames: ['version', 'node'],
  }).set({ version: manifest.version, node: process.versions.node }, 1)
}

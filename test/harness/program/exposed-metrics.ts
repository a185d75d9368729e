import path from 'node:path'
import { Registry } from '@prometheus-io/client'
import { pino } from 'pino'
import { issueAuthority, issueServer } from '../../../src/certificates/issue.ts'
import type { ConnectionChoice } from '../../../src/cluster/connection.ts'
import { LiveConfig } from '../../../src/config/live.ts'
import { clusterGrants } from '../../../src/runtime/cluster-grants.ts'
import { folderGrants } from '../../../src/runtime/folder-grants.ts'
import { keyPairFor } from '../../../src/runtime/key-pair.ts'
import { reloads } from '../../../src/runtime/reload.ts'
import { serversFor } from '../../../src/runtime/servers.ts'
import { Tasks } from '../../../src/runtime/task.ts'
import { folderWith } from '../folders.ts'
import { A_DAY } from '../validities.ts'

/** The flags about certificates that have a default. */
const CERTIFICATE_DEFAULTS = {
  host: [],
  secret: 'refgrant-authority',
  authorityLifetime: 100_000,
  certificateLifetime: 10_000,
  propagation: 1_000,
}

/**
 * What a server exposes that is made and not started.
 *
 * @param grants a folder, or a cluster, of which nothing is asked
 * @param file of a configuration
 * @param selfManaged whether it issues its certificate itself
 */
export async function exposedBy(
  grants: string | ConnectionChoice,
  file?: string,
  selfManaged = false,
): Promise<Registry> {
  const registry = new Registry()
  const logger = pino({ level: 'silent' })
  const live = new LiveConfig(file, {}, logger)
  const issued = issueServer(issueAuthority('test', A_DAY), ['localhost'], A_DAY)
  const folder = folderWith({ 'tls.crt': issued.cert, 'tls.key': issued.key })
  const files = { cert: path.join(folder, 'tls.crt'), key: path.join(folder, 'tls.key') }
  const choice = {
    ...(selfManaged ? { certificates: 'self-managed' as const } : files),
    ...(typeof grants !== 'string' && grants),
  }
  const { keyPair, task } = await keyPairFor({ ...CERTIFICATE_DEFAULTS, ...choice }, { logger, registry })
  const stopping = new AbortController().signal
  const context = { live, logger, keyPair, registry, signal: stopping }
  const supply = typeof grants === 'string' ? await folderGrants(grants, context) : await clusterGrants(grants, context)
  const tasks = new Tasks([task, ...supply.tasks, ...reloads(live, registry, supply.configure)])
  serversFor({ live, grants: supply, tasks, keyPair, clients: undefined, logger, registry, stopping })
  return registry
}

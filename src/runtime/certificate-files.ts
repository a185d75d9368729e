import type { Registry } from '@prometheus-io/client'
import type { Logger } from 'pino'
import { KeyPairFiles } from '../certificates/key-pair-files.ts'
import { validityOf } from '../certificates/validity.ts'
import { ServedKeyPair } from '../server/tls.ts'
import { Failure } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import type { KeyPairSupply } from './key-pair.ts'
import { certificateMetrics } from './metrics/certificates.ts'
import { Periodic } from './periodic.ts'

/** How often to look at the files, in ms: an update of a mounted Secret takes kubelet up to a minute. */
const LOOK = 1_000

/**
 * Returns the key pair of two files, which is read again when they change. If they cannot be used, that is logged, and
 * the last good pair stays in use.
 *
 * @throws Failure if the files cannot be used at the start
 */
export async function keyPairOfFiles(
  { cert, key }: { readonly cert: string; readonly key: string },
  { logger, registry }: { readonly logger: Logger; readonly registry: Registry },
): Promise<KeyPairSupply> {
  const files = await KeyPairFiles.open(cert, key).catch((cause) => {
    const remedy = `name a pair with --cert and --key, or make one with: ${PROGRAM} certs`
    throw new Failure(`${cause.message} (${remedy})`, { cause })
  })
  const keyPair = new ServedKeyPair(files.pair)
  const count = certificateMetrics(registry, () => ({ server: validityOf(files.pair.cert) }))
  const looks = new Periodic(LOOK, async () => {
    const found = await files.look()
    if (!found) return
    if ('problem' in found) {
      logger.error({ problem: found.problem }, 'the certificate files cannot be used; the last good pair stays in use')
      return count('failed')
    }
    keyPair.replace(found.pair)
    logger.info({ file: cert, expires: validityOf(found.pair.cert).to }, 'reloaded the certificate')
    count('done')
  })
  const task = { name: 'certificate files', run: (signal: AbortSignal) => looks.run(signal) }
  return { keyPair, task }
}

import type { Registry } from '@prometheus-io/client'
import type { Logger } from 'pino'
import type { Schedule } from '../certificates/rotation.ts'
import { expiryOf, validityOf } from '../certificates/validity.ts'
import { type ConnectionChoice, isInPod } from '../cluster/connection.ts'
import { OwnRegistration, OwnSecret } from '../cluster/own-objects.ts'
import type { Names } from '../manifests/names.ts'
import { ENTRIES } from '../manifests/webhook.ts'
import type { Check } from '../server/health.ts'
import { ServedKeyPair } from '../server/tls.ts'
import { Failure } from '../system/failure.ts'
import { keyPairOfFiles } from './certificate-files.ts'
import { apiOf } from './cluster-api.ts'
import { authorityMetrics, certificateMetrics } from './metrics/certificates.ts'
import { namesOf } from './names.ts'
import type { SelfManaged } from './self-managed.ts'
import type { Task } from './task.ts'

/** The files of `make run`. */
const FILES = { cert: 'certs/tls.crt', key: 'certs/tls.key' }

/** The flags about certificates. */
export interface CertificateOptions extends ConnectionChoice, Partial<Names> {
  readonly certificates?: 'self-managed' | 'files'
  readonly cert?: string
  readonly key?: string
  readonly grants?: string
  /** Names of the server beside that of its Service. */
  readonly host: readonly string[]
  readonly secret: string
  /** Lifetimes and waits, in ms. */
  readonly authorityLifetime: number
  readonly certificateLifetime: number
  readonly propagation: number
}

/** The key pair of the server, and the task that keeps it valid. */
export interface KeyPairSupply {
  readonly keyPair: ServedKeyPair
  readonly task: Task
  /** The Secret that the server may write; undefined for certificates from files. */
  readonly secret?: string
}

interface Context {
  readonly logger: Logger
  readonly registry: Registry
}

/**
 * Returns the key pair that the flags choose. In a Pod, refgrant issues it itself unless a flag names files.
 *
 * @throws Failure if the flags contradict each other, or files cannot be used
 */
export async function keyPairFor(options: CertificateOptions, context: Context): Promise<KeyPairSupply> {
  const supply = isSelfManaged(options, isInPod(options))
    ? await selfManaged(options, context)
    : await ofFiles(options, context)
  return { ...supply, task: withCheck(supply) }
}

/** @param inPod whether the server reaches the cluster by the service account of its Pod */
export function isSelfManaged({ certificates, cert, key, grants }: CertificateOptions, inPod: boolean): boolean {
  const named = cert !== undefined || key !== undefined
  const chosen = certificates ?? (inPod && !named && grants === undefined ? 'self-managed' : 'files')
  if (chosen === 'files') return false
  if (named) throw new Failure('--certificates self-managed does not use files: leave out --cert and --key')
  if (grants !== undefined)
    throw new Failure('--certificates self-managed needs a cluster for its Secret: leave out --grants, or choose files')
  return true
}

function ofFiles({ cert = FILES.cert, key = FILES.key }: CertificateOptions, context: Context): Promise<KeyPairSupply> {
  return keyPairOfFiles({ cert, key }, context)
}

async function selfManaged(options: CertificateOptions, { logger, registry }: Context): Promise<KeyPairSupply> {
  // Certificates from files do not need the library that issues them.
  const { SelfManaged } = await import('./self-managed.ts')
  const { secret, host } = options
  const { name, namespace } = namesOf(options)
  const schedule = scheduleOf(options)
  const api = apiOf(options)
  const keyPair = new ServedKeyPair()
  const validities = () => ({
    ...(keyPair.current && { server: validityOf(keyPair.current.cert) }),
    ...(task.authorities && { authority: validityOf(task.authorities.current.cert) }),
  })
  const observer = {
    renewal: certificateMetrics(registry, validities),
    step: authorityMetrics(
      registry,
      () => task.authorities?.next !== undefined,
      () => api.clock.ahead,
    ),
  }
  const task: SelfManaged = new SelfManaged({
    secret: new OwnSecret(api, namespace, secret),
    registration: new OwnRegistration(api, name),
    clock: api.clock,
    entries: ENTRIES,
    hosts: [`${name}.${namespace}.svc`, ...host],
    schedule,
    keyPair,
    logger,
    observer,
  })
  return { keyPair, task, secret }
}

function scheduleOf({ authorityLifetime, certificateLifetime, propagation }: CertificateOptions): Schedule {
  // A successor is made when a third of the lifetime is left.
  if (propagation * 3 >= authorityLifetime)
    throw new Failure('--authority-lifetime must be more than three times --propagation')
  if (certificateLifetime > authorityLifetime)
    throw new Failure('--certificate-lifetime must not be longer than --authority-lifetime')
  return { authorityLifetime, certificateLifetime, propagation }
}

/** Adds the readiness check of the certificate. */
function withCheck({ keyPair, task }: KeyPairSupply): Task {
  const check = (): Check => {
    const { current } = keyPair
    const detail = current ? expiryOf(current.cert) : 'waiting for the first certificate'
    return { name: 'certificate', ok: current !== undefined, detail }
  }
  return { name: task.name, run: (signal) => task.run(signal), checks: () => [check(), ...(task.checks?.() ?? [])] }
}

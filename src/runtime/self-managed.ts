import type { Logger } from 'pino'
import {
  type Authorities,
  authoritiesFrom,
  SECRET_KEYS,
  secretDataOf,
  trustBundle,
} from '../certificates/authorities.ts'
import { injection } from '../certificates/injection.ts'
import { issueAuthority, issueServer } from '../certificates/issue.ts'
import { after, isDue, nextStep, type Schedule, type Step } from '../certificates/rotation.ts'
import { expiryOf, validFor, validityOf } from '../certificates/validity.ts'
import { Deadline } from '../cluster/deadline.ts'
import type { OwnRegistration, OwnSecret } from '../cluster/own-objects.ts'
import type { ServerClock } from '../cluster/server-clock.ts'
import type { Check } from '../server/health.ts'
import type { ServedKeyPair } from '../server/tls.ts'
import { ProblemReports } from '../system/problem-reports.ts'
import type { Renewal } from './metrics/certificates.ts'
import { Periodic } from './periodic.ts'
import type { Task } from './task.ts'

/** The longest time between two looks, in ms: the longest time for which an emptied caBundle stays unrepaired. */
const LOOK = 5_000

/** Timeout for a look, in ms. */
const LONGEST = 10_000

/** From which difference of the clocks on the log tells it, in ms: clocks that are kept differ by less than a second. */
const NOTED = 60_000

export interface SelfManagedOptions {
  readonly secret: Pick<OwnSecret, 'read' | 'write'>
  readonly registration: Pick<OwnRegistration, 'read' | 'patch'>
  /** The clock that the API server verifies certificates by. */
  readonly clock: Pick<ServerClock, 'now' | 'ahead'>
  /** The entries of the registration that have to trust the certificate, where they exist. */
  readonly entries: ReadonlySet<string>
  /** The names that the API server verifies; the first is the common name. */
  readonly hosts: readonly [string, ...string[]]
  readonly schedule: Schedule
  readonly keyPair: ServedKeyPair
  readonly logger: Logger
  /** Called after each step, and with `failed` for each problem that lasts. */
  readonly observer: { step(step: Step): void; renewal(result: Renewal): void }
}

/**
 * Keeps the certificate of this replica valid, and trusted by the API server. The replicas share authorities in a
 * Secret. Each signs its own certificate and keeps its key in memory. What to do next follows from the Secret and the
 * registration alone (certificates/rotation.ts).
 */
export class SelfManaged implements Task {
  readonly name = 'self-managed certificates'
  readonly #options: SelfManagedOptions
  readonly #looks: Periodic
  /** Of replicas that start together, one may lose two races in a row: for the Secret, and for the registration. */
  readonly #problems = new ProblemReports(() => performance.now(), 2)
  readonly #undone = new ProblemReports(() => performance.now())
  readonly #clockReports = new ProblemReports(() => performance.now())
  /** The authorities at the last look. */
  #authorities: Authorities | undefined
  /** The bundle that all entries have, and since when, in ms. */
  #trusted: { readonly bundle: string; readonly since: number } | undefined
  #wasTrusted = false
  /** The step of the last look, and the bundle that all entries had after it. */
  #lastStep: Step | undefined
  #lastBundle: string | undefined
  /** The authority that signed the certificate in use, PEM. */
  #issuer: string | undefined

  constructor(options: SelfManagedOptions) {
    this.#options = options
    const { propagation, certificateLifetime } = options.schedule
    const pause = Math.min(LOOK, propagation, certificateLifetime / 10)
    this.#looks = new Periodic(pause, (signal) => this.look(signal))
  }

  get authorities(): Authorities | undefined {
    return this.#authorities
  }

  run(signal: AbortSignal): Promise<void> {
    this.#looks.soon()
    return this.#looks.run(signal)
  }

  readonly checks = (): Check[] => {
    const { current, next } = this.#authorities ?? {}
    const expiry = current && expiryOf(current.cert)
    const trust = this.#wasTrusted
      ? 'trusted by the registration'
      : 'waiting until every webhook entry has the authority in its caBundle'
    const successor = next && 'the next authority waits until the API server trusts it'
    const detail = [expiry, trust, successor].filter((part) => part !== undefined).join('; ')
    return [{ name: 'authority', ok: this.#wasTrusted, detail }]
  }

  /** Takes one step, and renews the certificate if it is due. */
  async look(stop: AbortSignal): Promise<void> {
    const { logger, observer } = this.#options
    // First, because a process that was suspended answers reviews while the API server answers this look.
    this.#renew()
    const deadline = new Deadline('the API server has not answered all requests of a look', LONGEST, stop)
    try {
      const step = await this.#step(deadline.signal)
      this.#problems.gone()
      if (step !== undefined) this.#tell(step)
      this.#lastStep = step
      this.#lastBundle = this.#trusted?.bundle
    } catch (error) {
      if (stop.aborted) return
      const { message } = deadline.reasonFor(error) as Error
      if (this.#problems.found(message)) {
        logger.warn({ reason: message }, 'cannot reconcile the certificate authorities; retrying')
        observer.renewal('failed')
      }
    } finally {
      deadline.clear()
    }
    this.#renew()
    this.#compareClocks()
  }

  async #step(signal: AbortSignal): Promise<Step | undefined> {
    const { secret, registration, clock, schedule } = this.#options
    // The registration is read first, and written after the Secret. So the Secret is never older than the registration,
    // and no authority is removed from it because this replica has not seen it yet.
    const live = await registration.read(signal)
    const found = await secret.read(signal)
    const stored = authoritiesFrom(found?.data)
    const known = stored ?? this.#authorities
    const patch = known ? this.#compare(live, known) : []
    const situation = { stored, remembered: this.#authorities, trustedFor: this.#trustedFor() }
    const step = nextStep(situation, schedule, clock.now())
    const changed = after(step, situation, () => this.#issueAuthority())
    if (changed) {
      await secret.write(found, secretDataOf(changed), SECRET_KEYS, signal)
      // The next step often follows at once. The same step follows only if somebody undoes it.
      if (step !== this.#lastStep) this.#looks.soon()
    }
    const authorities = changed ?? stored
    if (authorities) this.#authorities = authorities
    if (known && step === 'trust') this.#compare(await registration.patch(patch, signal), known)
    return step
  }

  #tell(step: Step): void {
    const { logger, observer } = this.#options
    observer.step(step)
    const isUndone = step === this.#lastStep && this.#trusted?.bundle === this.#lastBundle
    if (!isUndone) logger.info({ step }, 'reconciled the certificate authorities')
    else if (this.#undone.found(step)) {
      logger.warn({ step }, 'another writer undoes this step: the audit log of the API server has its name')
      observer.renewal('failed')
    }
  }

  /** Compares the registration with the authorities, and returns the patch that it lacks. */
  #compare(live: unknown, authorities: Authorities) {
    const bundle = trustBundle(authorities)
    const patch = injection(live, this.#options.entries, bundle)
    if (patch.length > 0) this.#trusted = undefined
    else if (this.#trusted?.bundle !== bundle) this.#trusted = { bundle, since: performance.now() }
    this.#wasTrusted ||= this.#trusted !== undefined
    return patch
  }

  #trustedFor(): number | undefined {
    return this.#trusted && performance.now() - this.#trusted.since
  }

  #issueAuthority() {
    const { clock, schedule } = this.#options
    const now = clock.now()
    // Two authorities need different names.
    return issueAuthority(`refgrant ${new Date(now).toISOString()}`, validFor(schedule.authorityLifetime, now))
  }

  #renew(): void {
    const { keyPair, hosts, clock, schedule, logger, observer } = this.#options
    const authority = this.#authorities?.current
    if (!authority) return
    const now = clock.now()
    const isOfAuthority = this.#issuer === authority.cert
    const { current } = keyPair
    if (current && isOfAuthority && !isDue(current.cert, schedule.certificateLifetime, now)) return
    const issued = issueServer(authority, hosts, validFor(schedule.certificateLifetime, now))
    keyPair.replace(issued)
    this.#issuer = authority.cert
    logger.info(
      { authority: authority.name, expires: validityOf(issued.cert).to },
      'issued the certificate of this server',
    )
    observer.renewal('done')
  }

  #compareClocks(): void {
    const { clock, logger } = this.#options
    const { ahead = 0 } = clock
    if (Math.abs(ahead) < NOTED || !this.#clockReports.found('')) return
    logger.warn(
      { aheadSeconds: Math.round(ahead / 1_000) },
      'the clock of this machine differs from that of the API server, by which certificates are judged: set the clock',
    )
  }
}

import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import manifest from '../../package.json' with { type: 'json' }
import type { Load } from './load.ts'

/** The API server's own buckets for webhooks, in seconds, so that both sides compare; ours begin lower. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]

export interface ReviewLabels {
  readonly kind: string
  readonly operation: string
  readonly mode: string
  readonly decision: string
  /** Why it was not judged; empty if it was. */
  readonly reason: string
}

/** What the grants' source tells of itself. */
export interface Knowledge {
  /** How many grants are known. */
  readonly grants: number
  /** Namespaces of which not all grants are cached. */
  readonly incompleteNamespaces: number
  /** Files of grants that cannot be read now. */
  readonly unreadableFiles: number
  /** Seconds since the grants were last known to be complete; Infinity before the first time. */
  readonly ageSeconds: number
  /** Reads made to confirm or replace what is known, since the start. */
  readonly freshReads: Readonly<Record<'started' | 'shared' | 'failed' | 'over_budget', number>>
  /** Time that these reads took, in seconds. */
  readonly freshReadSeconds: number
  /** Watches that ended, by how, and lists of everything, by why. */
  readonly watches: Readonly<Record<string, number>>
  readonly lists: Readonly<Record<string, number>>
}

/** Whom the numbers are asked from, each time that they are read. */
export interface MetricSources {
  readonly knowledge: () => Knowledge
  readonly load: Load
  /** Changes of the configuration file. */
  readonly reloads: () => Readonly<Record<'done' | 'failed', number>>
  /** Fields that are not as the configuration has them; undefined if that is not known. */
  readonly drift: () => number | undefined
  /** When the certificate expires. */
  readonly certificateExpiry: Date
}

/** The numbers that this process exposes, in a registry of their own. No label holds a value that users choose. */
export class Metrics {
  readonly registry = new Registry()
  readonly #reviews = new Counter({
    name: 'refgrant_reviews_total',
    help: 'Reviews answered, by what was decided.',
    labelNames: ['kind', 'operation', 'mode', 'decision', 'reason'] as const,
    registers: [this.registry],
  })
  readonly #durations = new Histogram({
    name: 'refgrant_review_duration_seconds',
    help: 'Time from a parsed review to its decision.',
    labelNames: ['decision'] as const,
    buckets: BUCKETS,
    registers: [this.registry],
  })
  readonly #misfits = new Counter({
    name: 'refgrant_field_misfits_total',
    help: 'Objects in which a guarded field of the configuration led to what is no reference, by the kind and the field.',
    labelNames: ['kind', 'field'] as const,
    registers: [this.registry],
  })

  constructor(sources: MetricSources) {
    this.#tellLoad(sources)
    this.#tellKnowledge(sources)
    this.#tellServer(sources)
  }

  #tellLoad({ load }: MetricSources): void {
    this.#gauge('refgrant_reviews_in_flight', 'Reviews in judgement.', () => load.counts.reviews)
    this.#counter(
      'refgrant_reviews_shed_total',
      'Reviews turned away unjudged: too many at once, too large together, too late to judge in time, or without a client that waits.',
      'reason',
      () => load.shed,
    )
    this.#gauge('refgrant_held_bytes', 'Memory that requests hold, by what for.', () => load.held, 'what')
    this.#gauge('refgrant_connections', 'Connections of the webhook.', () => load.connections.held)
    this.#counter(
      'refgrant_connections_closed_total',
      'Connections that refgrant closed: what they were too long in, or why else.',
      'reason',
      () => load.connections.closed,
    )
    this.#counter(
      'refgrant_clients_refused_total',
      'Clients refused by their certificate: none, one that is not trusted, or one of another name.',
      'reason',
      () => load.connections.refused,
    )
  }

  #tellKnowledge({ knowledge }: MetricSources): void {
    this.#gauge('refgrant_grants', 'ReferenceGrants known.', () => knowledge().grants)
    this.#gauge(
      'refgrant_incomplete_namespaces',
      'Namespaces of which not all ReferenceGrants are cached, since they are too many or one is too large; the log names them.',
      () => knowledge().incompleteNamespaces,
    )
    this.#gauge(
      'refgrant_unreadable_files',
      'With --grants: files and folders that cannot be read now, and whose last grants stay in force; the log names them.',
      () => knowledge().unreadableFiles,
    )
    this.#gauge(
      'refgrant_knowledge_age_seconds',
      'Seconds since the known ReferenceGrants were last known to be complete.',
      () => knowledge().ageSeconds,
    )
    this.#counter(
      'refgrant_fresh_reads_total',
      'Reads of one namespace made before a refusal: started, shared with another review, failed, over budget.',
      'result',
      () => knowledge().freshReads,
    )
    this.#counter('refgrant_fresh_read_seconds_total', 'Time that these reads took.', undefined, () => ({
      all: knowledge().freshReadSeconds,
    }))
    this.#counter(
      'refgrant_watches_total',
      'Watches that ended: after their time, by a broken or silent connection, or refused by the API server.',
      'end',
      () => knowledge().watches,
    )
    this.#counter(
      'refgrant_lists_total',
      'Lists of all grants: at the start, after watches that proved nothing, because the version to go on from was too old, because the API came, went or is absent, or because the cache lacks grants.',
      'reason',
      () => knowledge().lists,
    )
  }

  #tellServer({ reloads, drift, certificateExpiry }: MetricSources): void {
    this.#gauge(
      'refgrant_drift',
      'Fields of the live registration and rights that are not as the configuration has them; NaN if that is not known.',
      () => drift() ?? Number.NaN,
    )
    this.#counter(
      'refgrant_config_reloads_total',
      'Changes of the configuration file: done, or failed, where the last good one stays in force.',
      'result',
      reloads,
    )
    this.#gauge(
      'refgrant_certificate_expiry_timestamp_seconds',
      'When the certificate of the webhook expires, in seconds since 1970.',
      () => certificateExpiry.getTime() / 1_000,
    )
    new Gauge({
      name: 'refgrant_build_info',
      help: 'The version of refgrant and of Node; always 1.',
      labelNames: ['version', 'node'] as const,
      registers: [this.registry],
    }).set({ version: manifest.version, node: process.versions.node }, 1)
  }

  /** Counts one review. */
  review(labels: ReviewLabels, seconds: number): void {
    this.#reviews.inc({ ...labels })
    this.#durations.observe({ decision: labels.decision }, seconds)
  }

  /** Counts an object that a row of the configuration does not fit. */
  misfit(kind: string, field: string): void {
    this.#misfits.inc({ kind, field })
  }

  /** A counter by the values of one label, or without any. */
  #counter(
    name: string,
    help: string,
    label: string | undefined,
    counts: () => Readonly<Record<string, number>>,
  ): void {
    new Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.registry],
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(counts()))
          this.inc(label === undefined ? {} : { [label]: value }, count)
      },
    })
  }

  /** A gauge by the values of one label, or without any. */
  #gauge(name: string, help: string, value: () => number | Readonly<Record<string, number>>, label?: string): void {
    new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.registry],
      collect() {
        const now = value()
        if (typeof now === 'number') this.set(now)
        else for (const [key, number] of Object.entries(now)) this.set({ [label as string]: key }, number)
      },
    })
  }
}

import { Counter, Gauge, Histogram, Registry } from 'prom-client'

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
  /** Seconds since the grants were last known to be complete; Infinity before the first time. */
  readonly ageSeconds: number
  /** Reads made to confirm or replace what is known, since the start. */
  readonly freshReads: Readonly<Record<'started' | 'shared' | 'failed' | 'over_budget', number>>
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

  constructor(
    knowledge: () => Knowledge,
    reloads: () => Readonly<Record<'done' | 'failed', number>>,
    drift: () => number | undefined,
  ) {
    this.#gauge('refgrant_grants', 'ReferenceGrants known.', () => knowledge().grants)
    this.#gauge(
      'refgrant_knowledge_age_seconds',
      'Seconds since the known ReferenceGrants were last known to be complete.',
      () => knowledge().ageSeconds,
    )
    this.#results(
      'refgrant_fresh_reads_total',
      'Reads of one namespace made before a refusal: started, shared with another review, failed, over budget.',
      () => knowledge().freshReads,
    )
    this.#gauge(
      'refgrant_drift',
      'Fields of the live registration and rights that are not as the configuration has them; NaN if that is not known.',
      () => drift() ?? Number.NaN,
    )
    this.#results(
      'refgrant_config_reloads_total',
      'Changes of the configuration file: done, or failed, where the last good one stays in force.',
      reloads,
    )
  }

  /** Counts one review. */
  review(labels: ReviewLabels, seconds: number): void {
    this.#reviews.inc({ ...labels })
    this.#durations.observe({ decision: labels.decision }, seconds)
  }

  #results(name: string, help: string, counts: () => Readonly<Record<string, number>>): void {
    new Counter({
      name,
      help,
      labelNames: ['result'] as const,
      registers: [this.registry],
      collect() {
        this.reset()
        for (const [result, count] of Object.entries(counts())) this.inc({ result }, count)
      },
    })
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(value())
      },
    })
  }
}

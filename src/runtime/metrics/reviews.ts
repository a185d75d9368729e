import { Counter, Histogram, type Registry } from '@prometheus-io/client'
import { VIOLATIONS } from '../../admission/annotate.ts'
import { MODES } from '../../admission/settings.ts'
import type { Catalogue } from '../../policy/catalogue.ts'
import type { ReviewLabels, ServerObserver } from '../../server/observer.ts'

/** The API server's own buckets for webhooks, in seconds, so that both sides compare; ours begin lower. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]

/**
 * Counts reviews, and what does not fit the configuration in them.
 *
 * @param catalogue the one in force: what its kinds and rows may come to starts at 0
 */
export function reviewMetrics(
  registry: Registry,
  catalogue: () => Catalogue,
): Pick<ServerObserver, 'reviewed' | 'misfit'> {
  const registers: [Registry] = [registry]
  const reviews = new Counter({
    registers,
    name: 'refgrant_reviews_total',
    help: 'Reviews answered, by what was decided.',
    labelNames: ['kind', 'operation', 'mode', 'decision', 'reason'],
    collect: fromZero(catalogue, expectedReviews),
  })
  const durations = new Histogram({
    registers,
    name: 'refgrant_review_duration_seconds',
    help: 'Time from a parsed review to its decision.',
    labelNames: ['decision'],
    buckets: BUCKETS,
  })
  const misfits = new Counter({
    registers,
    name: 'refgrant_field_misfits_total',
    help: 'Objects in which a guarded field of the configuration led to what is not a reference, by the kind and the field.',
    labelNames: ['kind', 'field'],
    collect: fromZero(catalogue, expectedMisfits),
  })
  return {
    reviewed(labels, milliseconds) {
      reviews.inc(labels)
      durations.observe({ decision: labels.decision }, milliseconds / 1_000)
    },
    misfit: (kind, field) => misfits.inc({ kind, field }),
  }
}

/** Starts a counter at 0 for the labels that each new catalogue lets expect, before the counter is read. */
function fromZero<Labels extends Record<string, string>>(
  catalogue: () => Catalogue,
  expected: (catalogue: Catalogue) => readonly Labels[],
) {
  let last: Catalogue | undefined
  return function collect(this: { inc(labels: Labels, value: number): void }) {
    const current = catalogue()
    if (current === last) return
    last = current
    for (const labels of expected(current)) this.inc(labels, 0)
  }
}

/** What an admin is alerted by: a violation, and a review that failed. */
function expectedReviews(catalogue: Catalogue): ReviewLabels[] {
  return catalogue
    .referrers()
    .flatMap(({ kind }) =>
      ['CREATE', 'UPDATE'].flatMap((operation) =>
        MODES.flatMap((mode) =>
          [VIOLATIONS[mode], 'failed'].map((decision) => ({ kind, operation, mode, decision, reason: '' })),
        ),
      ),
    )
}

function expectedMisfits(catalogue: Catalogue): { readonly kind: string; readonly field: string }[] {
  return catalogue
    .referrers()
    .flatMap((from) =>
      catalogue.fieldsOf(from).flatMap(({ own, path }) => (own ? [{ kind: from.kind, field: path }] : [])),
    )
}

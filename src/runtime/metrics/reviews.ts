import { Counter, Histogram, type Registry } from '@prometheus-io/client'
import { VIOLATIONS } from '../../admission/annotate.ts'
import { MODES } from '../../admission/settings.ts'
import type { Coverage } from '../../policy/coverage.ts'
import type { ReviewLabels, ServerObserver } from '../../server/observer.ts'
import { described } from './instruments.ts'

/** The API server's own buckets for webhooks, in s, so that both histograms compare, and finer ones below them. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]

/**
 * Counts reviews, and objects that do not fit the guarded fields of the configuration.
 *
 * @param coverage returns the coverage in force; the counts of its kinds and fields start at 0
 */
export function reviewMetrics(
  registry: Registry,
  coverage: () => Coverage,
): Pick<ServerObserver, 'reviewed' | 'misfit'> {
  const reviews = new Counter({
    ...described(registry, 'refgrant_reviews_total'),
    collect: fromZero(coverage, expectedReviews),
  })
  const durations = new Histogram({ ...described(registry, 'refgrant_review_duration_seconds'), buckets: BUCKETS })
  const misfits = new Counter({
    ...described(registry, 'refgrant_field_misfits_total'),
    collect: fromZero(coverage, expectedMisfits),
  })
  return {
    reviewed(labels, milliseconds) {
      reviews.inc(labels)
      durations.observe({ decision: labels.decision }, milliseconds / 1_000)
    },
    misfit: (kind, field) => misfits.inc({ kind, field }),
  }
}

/** Starts a counter at 0 for the labels that a new coverage makes possible, before the counter is read. */
function fromZero<Labels extends Record<string, string>>(
  coverage: () => Coverage,
  expected: (coverage: Coverage) => readonly Labels[],
) {
  let last: Coverage | undefined
  return function collect(this: { inc(labels: Labels, value: number): void }) {
    const current = coverage()
    if (current === last) return
    last = current
    for (const labels of expected(current)) this.inc(labels, 0)
  }
}

/** Returns the labels that alerts look for: those of violations and of failed reviews. */
function expectedReviews(coverage: Coverage): ReviewLabels[] {
  return coverage
    .referrers()
    .flatMap(({ kind }) =>
      ['CREATE', 'UPDATE'].flatMap((operation) =>
        MODES.flatMap((mode) =>
          [VIOLATIONS[mode], 'failed'].map((decision) => ({ kind, operation, mode, decision, reason: '' })),
        ),
      ),
    )
}

function expectedMisfits(coverage: Coverage): { readonly kind: string; readonly field: string }[] {
  return coverage
    .referrers()
    .flatMap((from) =>
      coverage.fieldsOf(from).flatMap(({ own, path }) => (own ? [{ kind: from.kind, field: path }] : [])),
    )
}

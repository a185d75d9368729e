import { test } from 'node:test'
import { alerts, promtool } from './alerts.ts'

/** The name that the API server gives the webhook. */
const DENY = 'name="deny.refgrant.dev"'

/** What every replica exposes. */
const RUNNING = { 'refgrant_build_info{version="0.1.0"}': '1x60' }

/** Metrics in trouble, from one minute to the next, by the alert that they have to fire. */
const TROUBLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  RefgrantUnreachable: {
    [`apiserver_admission_webhook_rejection_count{${DENY},error_type="calling_webhook_error"}`]: '0+1x60',
  },
  RefgrantFailsOpen: { [`apiserver_admission_webhook_fail_open_count{${DENY}}`]: '_x50 1x10' },
  RefgrantMatchConditionsFail: {
    [`apiserver_admission_match_condition_evaluation_errors_total{${DENY}}`]: '0+1x60',
  },
  RefgrantAbsent: { 'refgrant_build_info{version="0.1.0"}': '1x50 stale' },
  RefgrantFilesUnreadable: { refgrant_unreadable_files: '1x60' },
  RefgrantCacheStale: { refgrant_knowledge_age_seconds: '41x60' },
  RefgrantOverloaded: { 'refgrant_reviews_shed_total{reason="late"}': '0+1x60' },
  RefgrantOverBudget: { 'refgrant_fresh_reads_total{result="over_budget"}': '0+61x60' },
  // A certificate of a day, whose last sixth has begun: time starts at 0.
  RefgrantCertificateNotRenewed: {
    refgrant_certificate_start_timestamp_seconds: '-72000x60',
    refgrant_certificate_expiry_timestamp_seconds: '14400x60',
  },
  RefgrantCertificateRefused: { 'refgrant_certificate_renewals_total{result="failed"}': '0+1x60' },
  RefgrantDrift: { refgrant_drift: '1x60' },
  RefgrantConfigurationRefused: { 'refgrant_config_reloads_total{result="failed"}': '0+1x60' },
}

/** The same metrics of a cluster in good health. */
const HEALTH: Readonly<Record<string, string>> = {
  [`apiserver_admission_webhook_rejection_count{${DENY},error_type="no_error"}`]: '0+1x60',
  [`apiserver_admission_webhook_fail_open_count{${DENY}}`]: '3x60',
  refgrant_unreadable_files: '0x60',
  refgrant_knowledge_age_seconds: '3x60',
  'refgrant_reviews_shed_total{reason="late"}': '2x60',
  'refgrant_fresh_reads_total{result="over_budget"}': '0+59x60',
  refgrant_certificate_start_timestamp_seconds: '-7200x60',
  refgrant_certificate_expiry_timestamp_seconds: '79200x60',
  'refgrant_certificate_renewals_total{result="failed"}': '1x60',
  refgrant_drift: '0x60',
  'refgrant_config_reloads_total{result="failed"}': '1x60',
}

/** Asks, after 59 minutes, which alerts fire. */
function whichFire(metrics: Readonly<Record<string, string>>, names: readonly string[]): Promise<void> {
  const samples = names.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 }))
  const expr = 'count by (alertname) (ALERTS{alertstate="firing"})'
  const tests = {
    rule_files: ['rules.yaml'],
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(metrics).map(([series, values]) => ({ series, values })),
        promql_expr_test: [{ expr, eval_time: '59m', exp_samples: samples }],
      },
    ],
  }
  return promtool(['test', 'rules', 'tests.yaml'], { 'tests.yaml': JSON.stringify(tests) })
}

test('promtool finds no fault in the alert rules', () => promtool(['check', 'rules', '--lint-fatal', 'rules.yaml']))

for (const { alert } of alerts())
  test(`${alert} fires in the trouble that it is about, and no other alert does`, () =>
    whichFire({ ...RUNNING, ...TROUBLE[alert] }, [alert]))

test('no alert fires in good health', () => whichFire({ ...RUNNING, ...HEALTH }, []))

/** A day, in s. */
const DAY = 24 * 3_600

/** A certificate that was issued for so many days, of which so many are left after 59 minutes. */
function certificate(days: number, left: number): Record<string, string> {
  const expiry = Math.round(left * DAY) + 59 * 60
  return {
    ...RUNNING,
    refgrant_certificate_start_timestamp_seconds: `${expiry - days * DAY}x60`,
    refgrant_certificate_expiry_timestamp_seconds: `${expiry}x60`,
  }
}

// refgrant and cert-manager renew when a third is left.
for (const [days, left, fires] of [
  [7, 7 / 3 - 0.1, false],
  [7, 7 / 6 + 0.01, false],
  [7, 7 / 6 - 0.01, true],
  [365, 100, false],
  [365, 14.01, false],
  [365, 13.99, true],
  [1, -0.01, true],
] as const)
  test(`with ${left.toFixed(2)} of ${days} days left, renewal is ${fires ? '' : 'not '}overdue`, () =>
    whichFire(certificate(days, left), fires ? ['RefgrantCertificateNotRenewed'] : []))

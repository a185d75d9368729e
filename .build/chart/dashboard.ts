import { writeFileSync } from 'node:fs'
import type { Dashboard, Panel as GrafanaPanel, GridPos, RowPanel } from '@grafana/schema'
import { METRICS, type MetricName } from '../../src/runtime/metrics/descriptions.ts'

/** Writes the Grafana dashboard of the chart. Each panel shows metrics of docs/monitoring.md, and its description is their meaning. */

const FILE = 'manifests/chart/dashboard.json'

/** The width of a dashboard, and the size of a panel, in the units of its grid. */
const GRID = { width: 24, panel: { w: 8, h: 8 } }

/** A line of a panel: an expression, and the text of its legend. */
type Line = readonly [expression: string, legend: string]

interface Panel {
  readonly title: string
  /** A unit of Grafana. */
  readonly unit: string
  /** The metrics of refgrant that it shows, or what it says about metrics of the API server. */
  readonly about: readonly MetricName[] | string
  readonly lines: readonly Line[]
}

/** The entries of refgrant in the metrics of the API server. */
const ENTRIES = 'name=~".+[.]refgrant[.]dev"'
const PER_SECOND = 'reqps'

/** The rate of a counter, by a label. */
const rate = (metric: MetricName, label: string): Line => [
  `sum by (${label}) (rate(${metric}[$__rate_interval]))`,
  `{{${label}}}`,
]

/** The rate of a counter of the API server, which has no series before its first event. */
const ofApiServer = (counter: string, labels: string, legend: string): Line => [
  `sum(rate(apiserver_admission_${counter}{${labels}}[$__rate_interval])) or vector(0)`,
  legend,
]

/** The median and the 99th percentile of a histogram. */
const quantiles = (histogram: string, labels = ''): readonly Line[] =>
  [0.5, 0.99].map((quantile) => [
    `histogram_quantile(${quantile}, sum by (le) (rate(${histogram}_bucket${labels}[$__rate_interval])))`,
    `p${quantile * 100}`,
  ])

const eachPod = (metric: MetricName, by = 'pod'): Line => [`max by (${by}) (${metric})`, `{{${by}}}`]

const PANELS: Readonly<Record<string, readonly Panel[]>> = {
  Writes: [
    {
      title: 'Reviews, by decision',
      unit: PER_SECOND,
      about: ['refgrant_reviews_total'],
      lines: [rate('refgrant_reviews_total', 'decision')],
    },
    {
      title: 'Writes without a verdict',
      unit: PER_SECOND,
      about:
        'What the API server did when a call of refgrant failed: it allowed the write under failurePolicy Ignore, and refused it under Fail.',
      lines: [
        ofApiServer('webhook_fail_open_count', ENTRIES, 'allowed'),
        ofApiServer('webhook_rejection_count', `${ENTRIES},error_type!="no_error"`, 'refused'),
      ],
    },
    {
      title: 'Writes that the API server does not send',
      unit: PER_SECOND,
      about: 'Writes that do not name another namespace, or do not change a guarded part of the object.',
      lines: [ofApiServer('match_condition_exclusions_total', ENTRIES, 'skipped')],
    },
    {
      title: 'Time that a write waits',
      unit: 's',
      about: 'The time of the call for the API server, with the network and a second try.',
      lines: quantiles('apiserver_admission_webhook_admission_duration_seconds', `{${ENTRIES}}`),
    },
    {
      title: 'Time of a review',
      unit: 's',
      about: ['refgrant_review_duration_seconds'],
      lines: quantiles('refgrant_review_duration_seconds'),
    },
    {
      title: 'Reviews dropped',
      unit: PER_SECOND,
      about: ['refgrant_reviews_shed_total'],
      lines: [rate('refgrant_reviews_shed_total', 'reason')],
    },
  ],
  Grants: [
    {
      title: 'Age of the cached grants',
      unit: 's',
      about: ['refgrant_knowledge_age_seconds'],
      lines: [eachPod('refgrant_knowledge_age_seconds')],
    },
    { title: 'Cached grants', unit: 'short', about: ['refgrant_grants'], lines: [eachPod('refgrant_grants')] },
    {
      title: 'Incomplete namespaces',
      unit: 'short',
      about: ['refgrant_incomplete_namespaces'],
      lines: [eachPod('refgrant_incomplete_namespaces')],
    },
    {
      title: 'Fresh reads',
      unit: PER_SECOND,
      about: ['refgrant_fresh_reads_total'],
      lines: [rate('refgrant_fresh_reads_total', 'result')],
    },
    {
      title: 'Ends of watches',
      unit: PER_SECOND,
      about: ['refgrant_watches_total'],
      lines: [rate('refgrant_watches_total', 'end')],
    },
    {
      title: 'Lists',
      unit: PER_SECOND,
      about: ['refgrant_lists_total'],
      lines: [rate('refgrant_lists_total', 'reason')],
    },
  ],
  Replicas: [
    {
      title: 'Reviews in flight',
      unit: 'short',
      about: ['refgrant_reviews_in_flight'],
      lines: [eachPod('refgrant_reviews_in_flight')],
    },
    { title: 'Connections', unit: 'short', about: ['refgrant_connections'], lines: [eachPod('refgrant_connections')] },
    {
      title: 'Memory of requests',
      unit: 'bytes',
      about: ['refgrant_held_bytes'],
      lines: [['sum by (what) (refgrant_held_bytes)', '{{what}}']],
    },
    {
      title: 'Time until certificates expire',
      unit: 's',
      about: ['refgrant_certificate_expiry_timestamp_seconds'],
      lines: [['min by (certificate) (refgrant_certificate_expiry_timestamp_seconds) - time()', '{{certificate}}']],
    },
    { title: 'Drift', unit: 'short', about: ['refgrant_drift'], lines: [eachPod('refgrant_drift')] },
    {
      title: 'Versions',
      unit: 'short',
      about: ['refgrant_build_info'],
      lines: [['count by (version, node) (refgrant_build_info)', '{{version}}, Node {{node}}']],
    },
  ],
}

/** The meaning of metrics, as Grafana shows it: it reads Markdown too. */
const meaningOf = (about: Panel['about']) =>
  typeof about === 'string' ? about : about.map((name) => `\`${name}\`: ${METRICS[name].help}`).join('\n\n')

const datasource = { type: 'prometheus', uid: '$datasource' }

function panelOf({ title, unit, about, lines }: Panel, gridPos: GridPos): GrafanaPanel {
  const targets = lines.map(([expr, legendFormat], index) => ({ refId: 'ABC'[index], datasource, expr, legendFormat }))
  const defaults = { unit, min: 0, custom: { fillOpacity: 10, showPoints: 'never' } }
  const options = { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } }
  const what = { type: 'timeseries', title, description: meaningOf(about) }
  return { ...what, datasource, gridPos, fieldConfig: { defaults, overrides: [] }, options, targets }
}

/** Panels of a row, after its title; each row begins below the last one. */
function rowOf(title: string, panels: readonly Panel[], y: number): (GrafanaPanel | RowPanel)[] {
  const { w, h } = GRID.panel
  const inLine = GRID.width / w
  const placed = panels.map((panel, index) => {
    const gridPos = { w, h, x: (index % inLine) * w, y: y + 1 + Math.floor(index / inLine) * h }
    return panelOf(panel, gridPos)
  })
  const gridPos = { x: 0, y, w: GRID.width, h: 1 }
  return [{ id: 0, type: 'row', title, collapsed: false, gridPos, panels: [] }, ...placed]
}

/** The height of a row, in the units of the grid. */
const heightOf = (panels: readonly Panel[]) => 1 + Math.ceil((panels.length * GRID.panel.w) / GRID.width) * GRID.panel.h

let y = 0
const panels = Object.entries(PANELS).flatMap(([title, row]) => {
  const placed = rowOf(title, row, y)
  y += heightOf(row)
  return placed
})
const dashboard: Partial<Dashboard> = {
  ...{ uid: 'refgrant', title: 'refgrant', tags: ['refgrant'], editable: true, schemaVersion: 39 },
  ...{ time: { from: 'now-1h', to: 'now' }, refresh: '30s' },
  templating: { list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }] },
  panels: panels.map((panel, index) => ({ ...panel, id: index + 1 })),
}
writeFileSync(FILE, `${JSON.stringify(dashboard, null, 2)}\n`)

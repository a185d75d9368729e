import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { until } from '../harness/until.ts'
import { alerts, dashboardExpressions } from './alerts.ts'
import { onNode } from './on-node.ts'
import { Prometheus } from './prometheus.ts'

suite('Prometheus on a node', () => {
  let prometheus: Prometheus
  const on = onNode(async (release) => {
    await release.install()
    await release.becomes('refused')
  })
  before(async () => {
    prometheus = await Prometheus.start(on.node)
  })

  test('scrapes each replica by the Service for metrics, and the API server', async () => {
    await until(
      'both replicas are scraped',
      async () => (await prometheus.query('up{job="refgrant"} == 1')).length === 2,
    )
    await until(
      'the API server is scraped',
      async () => (await prometheus.query('up{job="apiserver"} == 1')).length === 1,
    )
  })

  test('has the refusals as refgrant and as the API server count them', async () => {
    const [own = 0] = await prometheus.query('sum(refgrant_reviews_total{decision="refused"})')
    const rejections = 'apiserver_admission_webhook_rejection_count{name="deny.refgrant.dev",error_type="no_error"}'
    const [theirs = 0] = await prometheus.query(`sum(${rejections})`)
    assert.ok(own > 0)
    assert.equal(theirs, own)
  })

  test('has data for each line of the dashboard', async () => {
    const expressions = dashboardExpressions()
    assert.ok(expressions.length > 10)
    for (const expression of expressions)
      await until(`there is data for ${expression}`, async () => {
        // A quantile of reviews is only known while there are some.
        await on.release.crossing()
        const values = await prometheus.query(expression.replaceAll('$__rate_interval', '15s'))
        return values.length > 0 && values.every(Number.isFinite)
      })
  })

  test('knows each metric of refgrant that an alert is about', async () => {
    const names = new Set(alerts().flatMap(({ expr }) => expr.match(/\brefgrant_\w+/g) ?? []))
    // Only a server with a folder of grants has it.
    assert.ok(names.delete('refgrant_unreadable_files'))
    for (const name of names) assert.ok((await prometheus.get(`metadata?metric=${name}`))[name], name)
  })

  test('evaluates each alert rule without an error', async () => {
    const rules = await until('each rule is evaluated', async () => {
      const { groups } = await prometheus.get('rules')
      const all: { name: string; health: string }[] = groups.flatMap(({ rules }: { rules: object[] }) => rules)
      return all.every(({ health }) => health !== 'unknown') && all
    })
    const found = rules.map(({ name, health }) => ({ name, health }))
    assert.deepEqual(
      found,
      alerts().map(({ alert }) => ({ name: alert, health: 'ok' })),
    )
  })
})

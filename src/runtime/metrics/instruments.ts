import { Counter, Gauge, type Registry } from '@prometheus-io/client'
import { METRICS, type MetricName } from './descriptions.ts'

/** Returns what every instrument of a metric needs. */
export function described(registry: Registry, name: MetricName) {
  const { help, labels } = METRICS[name]
  return { registers: [registry] as [Registry], name, help, labelNames: [...labels] }
}

/** Makes a counter without labels, and returns a function that counts. */
export function counter(registry: Registry, name: MetricName): (by?: number) => void {
  const made = new Counter(described(registry, name))
  return (by) => made.inc(by)
}

/**
 * Makes a counter of events with one label, and returns a function that counts one event.
 *
 * @param values of the label; each starts at 0, so that Prometheus sees the first event as an increase
 */
export function counterBy<Value extends string>(
  registry: Registry,
  name: MetricName,
  values: readonly Value[],
): (value: Value) => void {
  const made = new Counter(described(registry, name))
  const labels = new Map(values.map((value) => [value, labelOf(name, value)]))
  for (const one of labels.values()) made.inc(one, 0)
  return (value) => made.inc(labels.get(value) ?? labelOf(name, value))
}

/** Makes a gauge that asks for its value each time that the metrics are read. */
export function gauge(registry: Registry, name: MetricName, ask: () => number): void {
  new Gauge({
    ...described(registry, name),
    collect() {
      this.set(ask())
    },
  })
}

/** Makes a gauge with one label that asks for its values each time that the metrics are read. */
export function gaugeBy(registry: Registry, name: MetricName, ask: () => Readonly<Record<string, number>>): void {
  new Gauge({
    ...described(registry, name),
    collect() {
      for (const [value, number] of Object.entries(ask())) this.set(labelOf(name, value), number)
    },
  })
}

/** Returns a value of the only label of a metric. */
function labelOf(name: MetricName, value: string): Record<string, string> {
  return Object.fromEntries(METRICS[name].labels.map((label) => [label, value]))
}

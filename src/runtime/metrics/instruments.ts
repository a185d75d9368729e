import { Counter, Gauge, type Registry } from '@prometheus-io/client'

/** What each metric has. */
interface Described {
  readonly registers: [Registry]
  readonly name: string
  readonly help: string
}

/**
 * A counter of events by one label.
 *
 * @param values of the label; each starts at 0, so that Prometheus sees the first event as an increase
 * @returns counts one event
 */
export function counterBy<Value extends string>(
  described: Described,
  label: string,
  values: readonly Value[],
): (value: Value) => void {
  const counter = new Counter({ ...described, labelNames: [label] })
  const labels = new Map(values.map((value) => [value, { [label]: value }]))
  for (const one of labels.values()) counter.inc(one, 0)
  return (value) => counter.inc(labels.get(value) ?? { [label]: value })
}

/** A gauge that is asked each time that the metrics are read. */
export function gauge(described: Described, ask: () => number): void {
  new Gauge({
    ...described,
    collect() {
      this.set(ask())
    },
  })
}

/** A gauge by the values of one label, which is asked each time that the metrics are read. */
export function gaugeBy(described: Described, label: string, ask: () => Readonly<Record<string, number>>): void {
  new Gauge({
    ...described,
    labelNames: [label],
    collect() {
      for (const [value, number] of Object.entries(ask())) this.set({ [label]: value }, number)
    },
  })
}

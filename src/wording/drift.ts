/** A field of a live object that differs from the configuration. */
interface Drift {
  /** Empty if the object does not exist. */
  readonly field: string
  readonly wanted?: unknown
  readonly found?: unknown
  /** A predicate for the field that replaces the two values. */
  readonly problem?: string
}

/**
 * Returns how a live object differs from the configuration.
 *
 * @param object its kind and name
 */
export function driftSentence(object: string, { field, wanted, found, problem }: Drift): string {
  if (field === '') return `${object} does not exist`
  if (problem !== undefined) return `${object}: ${field} ${problem}`
  if (wanted === undefined) return `${object}: ${field} exists, but the configuration does not have it`
  return `${object}: ${field} is ${JSON.stringify(found) ?? 'missing'}, the configuration says ${JSON.stringify(wanted)}`
}

/** Returns that a field differs because of a component that may change it. */
export function toleratedSentence(object: string, field: string, component: string): string {
  return `${object}: ${field} has terms that ${component} adds; this is not drift`
}

/** A field of a live object that differs from the manifests. */
export interface Difference {
  /** The field, such as `webhooks[deny.refgrant.dev].timeoutSeconds`. */
  readonly field: string
  /** The value in the manifests; undefined if only the live object has the field. */
  readonly wanted?: unknown
  /** The value in the live object; undefined if it is missing. */
  readonly found?: unknown
  /** A predicate for the field that replaces the two values in messages. */
  readonly problem?: string
  /** The name of a known component that makes this difference and may do so. */
  readonly tolerated?: string
}

/** How a live object differs from the configuration. */
export interface Compared {
  /** Its kind and name. */
  readonly object: string
  /** Empty if the object matches; one difference without a field if the object does not exist. */
  readonly differences: readonly Difference[]
  /** Differences that a known component makes and may make. */
  readonly tolerated: readonly Difference[]
}

/** Returns a line for each difference. */
export function driftLines({ object, differences }: Compared): string[] {
  return differences.map(({ field, wanted, found, problem }) => {
    if (field === '') return `${object} does not exist`
    if (problem !== undefined) return `${object}: ${field} ${problem}`
    if (wanted === undefined) return `${object}: ${field} exists, but the configuration does not have it`
    return `${object}: ${field} is ${JSON.stringify(found) ?? 'missing'}, but the configuration says ${JSON.stringify(wanted)}`
  })
}

/** Returns a line for each difference that a component may make. */
export function toleratedLines({ object, tolerated }: Compared): string[] {
  return tolerated.map(({ field, tolerated: by }) => `${object}: ${field} has terms that ${by} adds; this is not drift`)
}

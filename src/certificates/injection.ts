/** An operation of a JSON Patch (RFC 6902). */
export interface Operation {
  readonly op: 'test' | 'add'
  readonly path: string
  readonly value: unknown
}

/**
 * Returns the patch that gives entries of a registration this caBundle. It is empty if all of them have it, and never
 * adds an entry. It only applies to entries that are still as they were read.
 *
 * @param registration the unvalidated live registration; undefined if it does not exist
 * @param names the entries to write, where they exist
 * @param bundle PEM
 */
export function injection(registration: unknown, names: ReadonlySet<string>, bundle: string): Operation[] {
  const wanted = Buffer.from(bundle).toString('base64')
  const { webhooks } = Object(registration) as { webhooks?: unknown }
  return (Array.isArray(webhooks) ? webhooks : []).flatMap((entry: unknown, index): Operation[] => {
    const { name, clientConfig } = Object(entry) as { name?: unknown; clientConfig?: unknown }
    const { caBundle: found } = Object(clientConfig) as { caBundle?: unknown }
    if (typeof name !== 'string' || !names.has(name) || found === wanted) return []
    const path = `/webhooks/${index}/clientConfig/caBundle`
    return [
      { op: 'test', path: `/webhooks/${index}/name`, value: name },
      ...(found === undefined ? [] : [{ op: 'test' as const, path, value: found }]),
      { op: 'add', path, value: wanted },
    ]
  })
}

/** An operation of a JSON Patch (RFC 6902). */
export interface Operation {
  readonly op: 'test' | 'add'
  readonly path: string
  readonly value: unknown
}

/**
 * Returns the patch that gives entries of a registration this caBundle. It is empty if all of them have it, and never
 * adds an entry. It only applies to a registration that is still as it was read.
 *
 * @param registration the unvalidated live registration; undefined if it does not exist
 * @param names the entries to write, where they exist
 * @param bundle PEM
 */
export function injection(registration: unknown, names: ReadonlySet<string>, bundle: string): Operation[] {
  const wanted = Buffer.from(bundle).toString('base64')
  const { metadata, webhooks } = Object(registration) as { metadata?: unknown; webhooks?: unknown }
  const writes = (Array.isArray(webhooks) ? webhooks : []).flatMap((entry: unknown, index): Operation[] => {
    const { name, clientConfig } = Object(entry) as { name?: unknown; clientConfig?: unknown }
    const { caBundle: found } = Object(clientConfig) as { caBundle?: unknown }
    if (typeof name !== 'string' || !names.has(name) || found === wanted) return []
    return [
      { op: 'test', path: `/webhooks/${index}/name`, value: name },
      { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: wanted },
    ]
  })
  if (writes.length === 0) return []
  // A test of the caBundle would not do: none can tell that it is still absent.
  const { resourceVersion } = Object(metadata) as { resourceVersion?: unknown }
  return [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }, ...writes]
}

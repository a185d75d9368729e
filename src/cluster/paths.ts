/**
 * Returns the path of a list: of one namespace, or of the whole cluster.
 *
 * @param version the path of the API version, such as `/apis/apps/v1`
 */
export function listPath(version: string, plural: string, namespace?: string): string {
  return namespace === undefined
    ? `${version}/${plural}`
    : `${version}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}

/** Returns the path of an object in a namespace. */
export function objectPath(version: string, plural: string, namespace: string, name: string): string {
  return `${listPath(version, plural, namespace)}/${encodeURIComponent(name)}`
}

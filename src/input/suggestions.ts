import { Api } from '../cluster/api.ts'
import { type ConnectionChoice, connectionFrom, contextNames } from '../cluster/connection.ts'

/** How long a person waits for words that complete a line, in ms. */
const PATIENCE = 2_000

/** The most namespaces that are read: a longer list helps no one. */
const MOST = 1_000

/** Namespaces without their labels and annotations. */
const NAMES_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/** Returns the contexts of a kubeconfig; none if it cannot be read. */
export function contextsFor(choice: Pick<ConnectionChoice, 'kubeconfig'>): readonly string[] {
  try {
    return contextNames(choice)
  } catch {
    return []
  }
}

/** Returns the namespaces of a cluster; none if the user may not list them, or the cluster does not answer soon. */
export async function namespacesFor(choice: ConnectionChoice): Promise<readonly string[]> {
  try {
    const list = await new Api(connectionFrom(choice)).get(
      `/api/v1/namespaces?limit=${MOST}`,
      AbortSignal.timeout(PATIENCE),
      NAMES_ONLY,
    )
    return (list as NamespaceList).items.map(({ metadata }) => metadata.name)
  } catch {
    return []
  }
}

interface NamespaceList {
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
}

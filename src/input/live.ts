import { Api } from '../cluster/api.ts'
import { type ConnectionChoice, connectionFrom } from '../cluster/connection.ts'
import { discoverKinds } from '../cluster/discovery.ts'
import { objectPath } from '../cluster/paths.ts'
import { type ReadableGrants, readableGrants, unlessForbidden } from '../cluster/readable-grants.ts'
import { targetFacts } from '../cluster/target.ts'
import type { Coverage } from '../policy/coverage.ts'
import type { GroupKind, ObjectName, Reference } from '../policy/reference.ts'
import type { NamedObject } from '../policy/survey.ts'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { kindTitle, objectTitle } from '../wording/objects.ts'
import { quote } from '../wording/quote.ts'
import type { TargetFacts } from '../wording/target.ts'
import { whileListing } from './listing.ts'

/** A cluster, as the caller may read it. */
export class LiveCluster {
  readonly #api: Api
  /** The namespace of the kubeconfig's context. */
  readonly namespace: string

  /** @throws Failure if there is no usable kubeconfig */
  constructor(choice: ConnectionChoice) {
    try {
      const connection = connectionFrom(choice)
      this.#api = new Api(connection)
      this.namespace = connection.namespace ?? 'default'
    } catch (error) {
      throw new Failure(`cannot reach the cluster: ${reasonOf(error)}`, { cause: error })
    }
  }

  /**
   * Returns an object.
   *
   * @throws Failure if it does not exist or cannot be read
   */
  object({ group, kind }: GroupKind, namespace: string, name: string): Promise<NamedObject> {
    const named: ObjectName = { group, kind, namespace, name }
    return this.#read(async (tell, signal) => {
      const served = (await discoverKinds(this.#api, group, signal)).find((one) => one.kind === kind)
      if (!served) throw new Failure(`the cluster does not serve ${kindTitle({ group, kind })}`)
      tell(served.plural)
      const path = objectPath(served.path, served.plural, namespace, name)
      const found = await unlessForbidden(async () => ({ object: await this.#api.find(path, signal) }))
      if (!found) throw new Failure(`you may not get ${served.plural} in namespace ${quote(namespace)}`)
      if (found.object === undefined) throw new Failure(`${objectTitle(named)} does not exist: name another, or use -n`)
      return { name: named, object: found.object }
    })
  }

  /** Returns the grants that may permit the references, or nearly permit them. */
  grantsFor(references: readonly Reference[], coverage: Coverage): Promise<ReadableGrants> {
    const namespaces = new Set(references.flatMap(({ from, to }) => [to.namespace, from.namespace]))
    return this.#read((tell, signal) => readableGrants(this.#api, coverage, namespaces, tell, signal))
  }

  /** Returns what the caller may read of a target. */
  target(to: ObjectName): Promise<TargetFacts> {
    return this.#read((tell, signal) => {
      tell(`${kindTitle(to)} in namespace ${quote(to.namespace)}`)
      return targetFacts(this.#api, to, signal)
    })
  }

  async #read<T>(work: Parameters<typeof whileListing<T>>[1]): Promise<T> {
    try {
      return await whileListing(this.#api, work)
    } catch (error) {
      if (error instanceof Failure) throw error
      throw new Failure(`cannot read the cluster: ${reasonOf(error)}`, { cause: error })
    }
  }
}

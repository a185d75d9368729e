import { type Grant, parseGrant } from '../policy/grant.ts'
import { type Api, ApiError } from './api.ts'

/** Grants a page of a list holds. Source: k8s.io/client-go/tools/pager, defaultPageSize. */
const PAGE = 500

/** How often a list is begun again because its pages expired (410) before it ended. */
const RESTARTS = 3

/** All grants at one moment, and the resource version of that moment. */
export interface GrantList {
  readonly grants: Grant[]
  readonly resourceVersion: string
}

/**
 * A consistent list, as new as its request: no resource version is named, so the API server makes sure that it has
 * seen all writes before. Source: Kubernetes API concepts, "Semantics for get and list".
 *
 * @param path the API path of the grants' version, as discovered
 * @param namespace one namespace, or undefined for all
 * @throws ApiError, or Error if the API server cannot be reached
 */
export async function listGrants(
  api: Api,
  path: string,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<GrantList> {
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await listPages(api, `${path}${place}/referencegrants`, signal)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 410 || attempt === RESTARTS) throw error
    }
  }
}

async function listPages(api: Api, path: string, signal: AbortSignal): Promise<GrantList> {
  const grants: Grant[] = []
  let next = ''
  for (;;) {
    const token = next && `&continue=${encodeURIComponent(next)}`
    const page = (await api.get(`${path}?limit=${PAGE}${token}`, signal)) as {
      metadata: { resourceVersion: string; continue?: string }
      items: unknown[]
    }
    // Only what the rule needs is kept: managed fields and annotations would be most of the memory.
    grants.push(...page.items.map(parseGrant).filter((grant) => grant !== undefined))
    next = page.metadata.continue ?? ''
    if (next === '') return { grants, resourceVersion: page.metadata.resourceVersion }
  }
}

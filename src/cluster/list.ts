import { type Api, ApiError } from './api.ts'

/** Objects a page of a list holds. Source: k8s.io/client-go/tools/pager, defaultPageSize. */
const PAGE = 500

/** How often a list is begun again because its pages expired (410) before it ended. */
const RESTARTS = 3

/** Everything at one moment, and the resource version of that moment. */
interface List<T> {
  readonly items: T[]
  readonly resourceVersion: string
}

/**
 * Lists a resource, page by page.
 *
 * @param path the API path of the resource
 * @param keep what to keep of each item; the rest is forgotten page by page
 * @throws ApiError, or Error if the API server cannot be reached
 */
export async function listPages<T>(
  api: Api,
  path: string,
  keep: (item: unknown) => T,
  signal: AbortSignal,
): Promise<List<T>> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await readPages(api, path, keep, signal)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 410 || attempt === RESTARTS) throw error
    }
  }
}

async function readPages<T>(api: Api, path: string, keep: (item: unknown) => T, signal: AbortSignal): Promise<List<T>> {
  const items: T[] = []
  let next = ''
  for (;;) {
    const token = next && `&continue=${encodeURIComponent(next)}`
    const page = (await api.get(`${path}?limit=${PAGE}${token}`, signal)) as {
      metadata: { resourceVersion: string; continue?: string }
      items: unknown[]
    }
    for (const item of page.items) items.push(keep(item))
    next = page.metadata.continue ?? ''
    if (next === '') return { items, resourceVersion: page.metadata.resourceVersion }
  }
}

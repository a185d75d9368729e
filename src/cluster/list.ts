import type { Shape } from '../json/shape.ts'
import type { Api, RequestOptions } from './api.ts'
import { ApiError } from './api-error.ts'

/** Objects in a page of a list. Source: k8s.io/client-go/tools/pager, defaultPageSize. */
const PAGE = 500

/** How often a list restarts because its pages expired (410) before it ended. */
const RESTARTS = 3

/**
 * The most pages of a list, for 50 million objects, and the most empty pages in a row. A server that sends more does
 * not end its list.
 */
const MOST_PAGES = 100_000
const MOST_EMPTY = 3

/** Receives a list object by object. The objects are the list only once the list has succeeded. */
export interface ListSink {
  /** The list begins, or restarts: discard the objects so far. */
  begin(): void
  /**
   * @param item what is kept of an object; undefined for an element that is not an object
   * @param whole false if a part of it was dropped for its size
   */
  take(item: unknown, whole: boolean): void
}

export interface ListOptions extends RequestOptions {
  /** The most that is kept of one object, in bytes of its JSON; above it, the largest parts are dropped. */
  readonly most: number
}

/** The result of a list that has succeeded. */
export interface Listed {
  /** The resource version of the list. */
  readonly resourceVersion: string
}

/**
 * Lists a resource, page by page and object by object. Pages and lists may have any size: it holds one object at a
 * time.
 *
 * @param path the API path of the resource
 * @param shape what to keep of each object
 * @throws ApiError; Error if the API server cannot be reached or its answer is not a list; what `sink` throws
 */
export async function listPages(
  api: Api,
  path: string,
  shape: Shape,
  sink: ListSink,
  signal: AbortSignal,
  options: ListOptions,
): Promise<Listed> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      sink.begin()
      let token = ''
      let empty = 0
      for (let pages = 1; ; pages += 1) {
        const page = await readPage(api, pagePath(path, token), shape, sink, signal, options)
        if (page.next === '') return { resourceVersion: page.resourceVersion }
        empty = page.items === 0 ? empty + 1 : 0
        const endless = endlessReason(token, page.next, pages, empty)
        if (endless) throw new Error(`${pagePath(path, token)}: the list does not end: ${endless}`)
        token = page.next
      }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 410 || attempt === RESTARTS) throw error
    }
  }
}

/** Returns why a list with this page and a next one cannot end; undefined if it can. */
function endlessReason(token: string, next: string, pages: number, empty: number): string | undefined {
  if (next === token) return 'a page names itself as the next page'
  if (empty === MOST_EMPTY) return `${empty} pages in a row are empty`
  return pages === MOST_PAGES ? `it has ${pages} pages` : undefined
}

function pagePath(path: string, next: string): string {
  return `${path}?limit=${PAGE}${next && `&continue=${encodeURIComponent(next)}`}`
}

/** One page. `next` is the token of the next page: '' after the last. */
interface Page extends Listed {
  readonly items: number
  readonly next: string
}

async function readPage(
  api: Api,
  path: string,
  shape: Shape,
  sink: ListSink,
  signal: AbortSignal,
  { most, ...request }: ListOptions,
): Promise<Page> {
  let list: unknown
  const keep = {
    shape: { metadata: { resourceVersion: 'whole', continue: 'whole' }, items: [shape] } as const,
    most,
    element: (item: unknown, whole: boolean) => sink.take(item, whole),
    document: (kept: unknown, whole: boolean) => {
      list = whole ? kept : undefined
    },
  }
  await api.project(path, keep, signal, request)
  const { metadata, items } = (list ?? {}) as { metadata?: Record<string, unknown>; items?: number }
  const { resourceVersion, continue: next = '' } = metadata ?? {}
  // Without this check, an answer that is not a list would pass as an empty list.
  if (typeof items !== 'number' || typeof resourceVersion !== 'string' || typeof next !== 'string')
    throw new Error(`${path}: the answer is not a list`)
  return { resourceVersion, items, next }
}

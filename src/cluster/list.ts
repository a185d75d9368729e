import type { Shape } from '../json/shape.ts'
import { type Api, ApiError, type RequestOptions } from './api.ts'

/** Objects a page of a list holds. Source: k8s.io/client-go/tools/pager, defaultPageSize. */
const PAGE = 500

/** How often a list is begun again because its pages expired (410) before it ended. */
const RESTARTS = 3

/** Most pages of a list, 50 million objects, and most that are empty in a row: more come from a server that never ends. */
const MOST_PAGES = 100_000
const MOST_EMPTY = 3

/** Takes a list object by object. What it took is the list only once the list has succeeded. */
export interface ListSink {
  /** The list begins, or begins again: what was taken before does not count. */
  begin(): void
  /**
   * @param item what is kept of an object; undefined for an element that is no object
   * @param whole whether nothing was dropped for its size
   */
  take(item: unknown, whole: boolean): void
}

export interface ListOptions extends RequestOptions {
  /** Most that is kept of one object, in bytes of its JSON; beyond it, the largest of its parts are dropped. */
  readonly most: number
}

/** What is known of a list that has been taken. */
export interface Listed {
  /** The resource version of the moment that the list is of. */
  readonly resourceVersion: string
  /** Length of all answers, those of pages that expired included, in bytes. */
  readonly bytes: number
}

/**
 * Lists a resource, page by page and object by object: pages and lists may be of any size, and no more than one object is
 * held.
 *
 * @param path the API path of the resource
 * @param shape what to keep of each object
 * @throws ApiError; Error if the API server cannot be reached or answers with something else than a list; what `sink` throws
 */
export async function listPages(
  api: Api,
  path: string,
  shape: Shape,
  sink: ListSink,
  signal: AbortSignal,
  options: ListOptions,
): Promise<Listed> {
  let bytes = 0
  for (let attempt = 0; ; attempt += 1) {
    try {
      sink.begin()
      let token = ''
      let empty = 0
      for (let pages = 1; ; pages += 1) {
        const page = await readPage(api, pagePath(path, token), shape, sink, signal, options)
        bytes += page.bytes
        if (page.next === '') return { resourceVersion: page.resourceVersion, bytes }
        empty = page.items === 0 ? empty + 1 : 0
        const endless = whyEndless(token, page.next, pages, empty)
        if (endless) throw new Error(`${pagePath(path, token)}: the list does not end: ${endless}`)
        token = page.next
      }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 410 || attempt === RESTARTS) throw error
    }
  }
}

/** Why a list with this page, which names another, has no end; undefined if it may have one. */
function whyEndless(token: string, next: string, pages: number, empty: number): string | undefined {
  if (next === token) return 'its token is that of the page'
  if (empty === MOST_EMPTY) return `${empty} pages in a row are empty`
  return pages === MOST_PAGES ? `it has ${pages} pages` : undefined
}

function pagePath(path: string, next: string): string {
  return `${path}?limit=${PAGE}${next && `&continue=${encodeURIComponent(next)}`}`
}

/** One page, how many items it has, and the token of the next: '' after the last. */
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
  const bytes = await api.project(path, keep, signal, request)
  const { metadata, items } = (list ?? {}) as { metadata?: Record<string, unknown>; items?: number }
  const { resourceVersion, continue: next = '' } = metadata ?? {}
  // Taken for a list, anything else would be an empty one.
  if (typeof items !== 'number' || typeof resourceVersion !== 'string' || typeof next !== 'string')
    throw new Error(`${path}: the answer is no list`)
  return { resourceVersion, items, next, bytes }
}

import type { ListReason } from './observer.ts'
import { RESUMABLE } from './watch-time.ts'

/**
 * Whether lists are streamed. After a streamed list has failed, the reflector tries a plain one, and the other way
 * round. `never`: the API server does not support streamed lists.
 */
type Streams = 'yes' | 'not now' | 'never'

interface Common {
  readonly streams: Streams
}

/** Asks which version is served, to list it next. */
interface Discovering extends Common {
  readonly does: 'discover'
  readonly reason: ListReason
}

/** Lists everything at this API path. */
export interface Listing extends Common {
  readonly does: 'list'
  readonly reason: ListReason
  readonly path: string
}

/** Watches from this resource version. */
interface Watching extends Common {
  readonly does: 'watch'
  readonly path: string
  readonly resourceVersion: string
}

/** Waits, then asks again whether the API is absent. */
export interface Probing extends Common {
  readonly does: 'probe'
  /** Whether its absence is proved: by two answers, some time apart. */
  readonly absent: boolean
}

/** What a reflector does. */
export type State = Discovering | Listing | Watching | Probing

/** What happens to a reflector. `age` is the age of the store, in ms. */
export type Event =
  /** Discovery lists a supported version. */
  | { readonly is: 'served'; readonly path: string }
  /** Discovery does not list a supported version, and the resource itself answers 404. */
  | { readonly is: 'not served' }
  | { readonly is: 'stream refused' }
  /** The store has a complete list. */
  | { readonly is: 'listed'; readonly resourceVersion: string }
  /** An event or a bookmark of a watch has arrived. */
  | { readonly is: 'advanced'; readonly resourceVersion: string }
  /** A watch has ended by its timeout; `lacking` is true if a list is due because the store is incomplete. */
  | { readonly is: 'ended'; readonly age: number; readonly lacking: boolean }
  /** The current step has failed: with this HTTP status, without any answer, or after the answer began. */
  | { readonly is: 'failed'; readonly age: number; readonly status: number | 'no answer' | undefined }

export const START: State = { does: 'discover', reason: 'start', streams: 'yes' }

/** Returns the state after an event. An event that cannot happen in a state does not change it. */
export function next(state: State, event: Event): State {
  switch (state.does) {
    case 'discover':
      return afterDiscovery(state, event)
    case 'list':
      return afterList(state, event)
    case 'watch':
      return afterWatch(state, event)
    case 'probe':
      return afterProbe(state, event)
  }
}

function afterDiscovery(state: Discovering, event: Event): State {
  const { reason, streams } = state
  if (event.is === 'served') return { does: 'list', reason, path: event.path, streams }
  if (event.is === 'not served') return { does: 'probe', absent: false, streams }
  return state
}

const AFTER_FAILURE: Readonly<Record<Streams, Streams>> = { yes: 'not now', 'not now': 'yes', never: 'never' }

function afterList(state: Listing, event: Event): State {
  const { reason, path, streams } = state
  switch (event.is) {
    case 'listed': {
      const { resourceVersion } = event
      return { does: 'watch', path, resourceVersion, streams: streams === 'never' ? streams : 'yes' }
    }
    case 'stream refused':
      return { ...state, streams: 'never' }
    case 'failed':
      return { does: 'discover', reason, streams: AFTER_FAILURE[streams] }
    default:
      return state
  }
}

function afterWatch(state: Watching, event: Event): State {
  if (event.is === 'advanced') return { ...state, resourceVersion: event.resourceVersion }
  const reason = reasonToList(event)
  return reason ? { does: 'discover', reason, streams: state.streams } : state
}

/** Returns why a full list follows a watch; undefined if the watch is resumed. */
function reasonToList(event: Event): ListReason | undefined {
  if (event.is !== 'ended' && event.is !== 'failed') return undefined
  if (event.is === 'failed' && event.status === 404) return 'api'
  if (event.is === 'failed' && event.status === 410) return 'expired'
  // The API server may have started again from a backup of etcd, in which later versions stand for other objects.
  if (event.is === 'failed' && event.status === 'no answer') return 'unproven'
  if (event.age > RESUMABLE) return 'unproven'
  return event.is === 'ended' && event.lacking ? 'incomplete' : undefined
}

function afterProbe(state: Probing, event: Event): State {
  const { streams } = state
  switch (event.is) {
    case 'served':
      return { does: 'list', reason: 'api', path: event.path, streams }
    case 'not served':
      return { does: 'probe', absent: true, streams }
    case 'failed':
      return { does: 'discover', reason: 'api', streams }
    default:
      return state
  }
}

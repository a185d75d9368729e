/**
 * How long one watch is asked to last, in ms, and the least. The API server sends a bookmark 2 s before it ends a watch,
 * if it knows a newer version than it sent last, so the longest is how often a watch proves that nothing is missing. One
 * that resumes a broken watch lasts no longer than the broken one would have. Source:
 * k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go.
 */
const LONGEST = 30_000
const LEAST = 5_000

/** Time after that of a watch with which it is given up, whether it is silent or does not end, in ms: a slow network. */
export const OVERDUE = 5_000

/**
 * Time since the last event or bookmark of a watch, in ms, with which its end proves that nothing is missing. In a
 * cluster whose etcd does not report progress (`--watch-progress-notify-interval`) a quiet watch ends without a bookmark:
 * then a list is the proof. 5 s are the bookmark's 2 s, and slack.
 */
const UNPROVEN = 5_000

/** How much less a watch may take by this clock than by the API server's, in ms: clocks run up to 0.05 % apart. */
const CLOCKS = 100

/** Age of what is known, in ms, beyond which a watch that broke is not resumed but a list made: half of the bound. */
export const RESUMABLE = 20_000

/** When a watch began, how long it was asked to last, when its last event or bookmark came, if any, and when it ended. */
export interface WatchTime {
  readonly begun: number
  readonly lasting: number
  readonly lastAt: number | undefined
  readonly ended: number
}

/** How long a watch is to last that begins when what is known has this age, in ms: it ends before that is too old. */
export function lastingAt(age: number): number {
  const left = Math.ceil((LONGEST - age) / 1_000) * 1_000
  return Math.min(Math.max(left, LEAST), LONGEST)
}

/**
 * The moment until which a watch that ended in good order proves that nothing is missing; undefined if it proves nothing.
 * It comes from the time that the watch was asked to last, not from an arrival, which may have been long on its way: as
 * long before that time as its last event or bookmark came before its end, since the API server may end a watch before
 * it sends the last events. An API server that shuts down ends its watches early.
 */
export function provenUntil({ begun, lasting, lastAt, ended }: WatchTime): number | undefined {
  const lasted = ended - begun >= lasting - CLOCKS
  if (!lasted || lastAt === undefined || ended - lastAt > UNPROVEN) return undefined
  return Math.min(begun + lasting, ended) - (ended - lastAt)
}

/**
 * Longest and shortest duration of a watch, in ms. The API server sends a bookmark 2 s before it ends a watch, if it
 * has a newer version than it sent last. So a watch proves the store complete at least once in the longest duration. A
 * watch that resumes a broken one ends when that would have ended. Source:
 * k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go.
 */
const LONGEST = 30_000
const LEAST = 5_000

/** How much longer than its duration a watch may last, in ms, because of a slow network. */
export const GRACE = 5_000

/** Timeout for a full list, streamed or not, in ms. */
export const LONGEST_LIST = 300_000

/**
 * Longest time between the last event or bookmark of a watch and its end, in ms, if the end is to prove the store
 * complete: the 2 s of the bookmark, and slack. If etcd does not report progress (`--watch-progress-notify-interval`),
 * a quiet watch ends without a bookmark, and a list has to be the proof.
 */
const UNPROVEN = 5_000

/**
 * How much shorter a watch may be by this clock than by that of the API server, in ms: clock rates differ by up to 0.05
 * %.
 */
const CLOCKS = 100

/** Age of the store beyond which a list follows a broken watch, in ms: half of the age at which it is stale. */
export const RESUMABLE = 20_000

/**
 * Time before the end of a watch within which an arrival does not count as proof, in ms. The API server sends its last
 * bookmark about 2 s before the timeout. If a bookmark arrives together with the end, the API server may have shut down
 * and sent both long ago, and the network may have delayed both.
 */
const TOGETHER = 1_000

/** How long after the start of a watch the API server may begin its answer, in ms. */
const OPENING = 1_000

/** Returns the duration of a watch, in ms, such that it ends before a store of this age, in ms, is stale. */
export function watchDuration(age: number): number {
  const left = Math.ceil((LONGEST - age) / 1_000) * 1_000
  return Math.min(Math.max(left, LEAST), LONGEST)
}

/** The times of one watch, by the monotonic clock, in ms. They tell what the end of the watch proves. */
export class WatchTimes {
  readonly #begun: number
  readonly #duration: number
  #opened: number | undefined
  /** The last arrival and the one before, at least TOGETHER apart. */
  #last = -Infinity
  #before = -Infinity

  /**
   * @param begun when the watch was requested
   * @param duration its requested duration
   */
  constructor(begun: number, duration: number) {
    this.#begun = begun
    this.#duration = duration
  }

  /** Records the beginning of the answer. */
  opened(at: number): void {
    this.#opened = at
  }

  /** Records the arrival of an event or a bookmark. */
  arrived(at: number): void {
    if (at - this.#last < TOGETHER) return
    this.#before = this.#last
    this.#last = at
  }

  /**
   * Returns the time up to which a watch that ended in order proves the store complete; undefined if it proves nothing.
   * The time is the requested end of the watch, less the time between its last event or bookmark and its actual end:
   * the API server may end a watch before it sends the last events. An arrival alone is not a proof: the network may
   * have delayed it.
   *
   * An API server that shuts down ends its watches early. If the network delays everything that it sends, the time
   * since its answer began is too short. If the network delays only the end, arrivals together with the end do not
   * count. One case goes undetected: the network delays the end until its due time, and the bookmark until 1 s to 5 s
   * before that.
   */
  provenUntil(ended: number): number | undefined {
    if (this.#opened === undefined) return undefined
    const answered = ended - this.#opened
    const lasted = ended - this.#begun >= this.#duration - CLOCKS && answered >= this.#duration - OPENING
    const silent = ended - (ended - this.#last < TOGETHER ? this.#before : this.#last)
    if (!lasted || silent > UNPROVEN) return undefined
    return this.#begun + Math.min(this.#duration, answered) - silent
  }
}

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

/** How long a list may take in all, in ms, whether it is streamed or not. */
export const LONGEST_LIST = 300_000

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

/**
 * Time before the end of a watch, in ms, within which what arrives is no proof. A bookmark that the API server sends before
 * its timeout comes about 2 s earlier. One that comes together with the end may have been held back with it by the
 * network, after an API server that shut down sent both long before.
 */
const TOGETHER = 1_000

/** How long an API server may take to begin its answer after it began to count the time of the watch, in ms. */
const OPENING = 1_000

/** How long a watch is to last that begins when what is known has this age, in ms: it ends before that is too old. */
export function lastingAt(age: number): number {
  const left = Math.ceil((LONGEST - age) / 1_000) * 1_000
  return Math.min(Math.max(left, LEAST), LONGEST)
}

/** The times of one watch, by the monotonic clock, in ms: what its end proves comes from them. */
export class WatchTimes {
  readonly #begun: number
  readonly #lasting: number
  #opened: number | undefined
  /** Arrivals at least TOGETHER apart: the last, and the one before. */
  #last = -Infinity
  #before = -Infinity

  /**
   * @param begun when the watch was asked for
   * @param lasting how long it was asked to last
   */
  constructor(begun: number, lasting: number) {
    this.#begun = begun
    this.#lasting = lasting
  }

  /** The API server's answer began. */
  opened(at: number): void {
    this.#opened = at
  }

  /** An event or a bookmark arrived. */
  arrived(at: number): void {
    if (at - this.#last < TOGETHER) return
    this.#before = this.#last
    this.#last = at
  }

  /**
   * The moment until which a watch that ended in good order proves that nothing is missing; undefined if it proves nothing.
   * It comes from the time that the watch was asked to last, not from an arrival, which may have been long on its way: as
   * long before that time as its last event or bookmark came before its end, since the API server may end a watch before
   * it sends the last events.
   *
   * An API server that shuts down ends its watches early. Where the network delays all that it sends, the time since its
   * answer began tells. Where the network holds back only the end, what arrived together with the end does not count.
   * A network that holds back the end until its time, and the bookmark until 1 s to 5 s before that, is not noticed.
   */
  provenUntil(ended: number): number | undefined {
    if (this.#opened === undefined) return undefined
    const answered = ended - this.#opened
    const lasted = ended - this.#begun >= this.#lasting - CLOCKS && answered >= this.#lasting - OPENING
    const silent = ended - (ended - this.#last < TOGETHER ? this.#before : this.#last)
    if (!lasted || silent > UNPROVEN) return undefined
    return this.#begun + Math.min(this.#lasting, answered) - silent
  }
}

/** The API server's default timeout of a webhook, in ms. Source: admissionregistration/v1, defaults.go. */
const DEFAULT_TIMEOUT = 10_000

/** The margin for the network, and for the API server, which rounds its `timeout` up to whole seconds, in ms. */
export const MARGIN = 250

/** The longest timeout of a webhook, in ms. Source: admissionregistration/v1, validation.go. */
const LONGEST_TIMEOUT = 30_000

/**
 * Returns the time for an answer, in ms, from the first try of a request.
 *
 * @param timeout the query parameter `timeout` of the API server, a Go duration such as `5s` or `1m0s`. It covers all
 *   tries of a request, and is the same in each.
 */
export function grantedTime(timeout: unknown): number {
  return askedTime(timeout) - MARGIN
}

/**
 * Returns whether the API server drops the reviewed request when the timeout has passed. A user can give a request a
 * shorter timeout than that of the webhook. Source:
 * k8s.io/apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go, callHook.
 *
 * @param timeout as in `grantedTime`
 * @param usual the timeout of the webhook, in ms
 */
export function endsRequest(timeout: unknown, usual: number): boolean {
  return askedTime(timeout) < usual
}

function askedTime(timeout: unknown): number {
  const {
    minutes = '0',
    seconds = '0',
    milliseconds = '0',
  } = (typeof timeout === 'string' &&
    /^(?:(?<minutes>\d{1,2})m)?(?:(?<seconds>\d{1,4}(?:\.\d+)?)s)?(?:(?<milliseconds>\d{1,6})ms)?$/.exec(timeout)
      ?.groups) ||
  {}
  const asked = Number(minutes) * 60_000 + Number(seconds) * 1_000 + Number(milliseconds) || DEFAULT_TIMEOUT
  return Math.min(asked, LONGEST_TIMEOUT)
}

/**
 * Returns half of the remaining time, in whole ms for a timer: the limit of the wait for a turn, and of fresh reads, so
 * that there is time for an answer after they fail. Never less than half of MARGIN, so that a read is tried at all.
 */
export function halfOf(left: number): number {
  return Math.floor(Math.max(left, MARGIN) / 2)
}

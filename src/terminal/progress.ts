import { shorten, visible } from '../wording/quote.ts'

/** A command that ends within this time shows no progress, in ms: it would be too short to read. */
const QUIET = 500

/** The least time between two lines of progress, in ms. */
const PAUSE = 100

/** The time since the start of the process from which on a line may be written, in ms. */
let due = QUIET
let latest = ''
let timer: NodeJS.Timeout | undefined
let isShown = false

/**
 * Shows on a terminal what a command does at the moment, in a line that the next one replaces. Writes nothing to a pipe or a
 * file. Frequent calls are cheap.
 */
export function showProgress(what: string): void {
  if (!process.stderr.isTTY) return
  latest = what
  const wait = due - performance.now()
  if (wait <= 0) draw()
  else timer ??= setTimeout(draw, wait).unref()
}

/** Shows the same of work that lets no timer run: at once, even if another line was just written. */
export function showStep(what: string): void {
  due = QUIET
  showProgress(what)
}

/** Removes the line, before anything else is written. */
export function clearProgress(): void {
  clearTimeout(timer)
  timer = undefined
  if (isShown) process.stderr.write('\r\x1b[K')
  isShown = false
}

function draw(): void {
  clearTimeout(timer)
  timer = undefined
  due = performance.now() + PAUSE
  isShown = true
  // A line that the terminal would break could not be removed.
  process.stderr.write(`\r\x1b[K${shorten(visible(latest), (process.stderr.columns || 80) - 1)}`)
}

/**
 * Ends the process that imports it when its parent has ended, by SIGKILL too, so that nothing which a test or make has
 * started is left running.
 *
 * Imported as `tether.ts?stdin`, it waits for the end of standard input, a pipe that the parent holds: that is noticed at
 * once, and at whatever moment the parent ends. Otherwise it looks at the parent's id.
 */

/** How often the parent's id is looked at, in ms. */
const LOOK = 200

const end = () => process.kill(process.pid, 'SIGKILL')

if (import.meta.url.endsWith('?stdin')) {
  process.stdin.on('close', end).resume()
  // It keeps nothing alive that would end by itself.
  process.stdin.unref()
} else {
  const parent = process.ppid
  setInterval(() => process.ppid === parent || end(), LOOK).unref()
}

export {}

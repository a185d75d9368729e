/** Processor time of `calibrate` on the machine that the limits were made on, in ms. */
const CALIBRATED = 250

let slow: number | undefined

/** How much slower this machine is than the one that the limit was made on, by processor time; 1 for a faster one. */
export function slowness(): number {
  slow ??= Math.max(1, calibrate() / CALIBRATED)
  return slow
}

/** Processor time of a fixed amount of work, of the kind that the server has, in ms. */
function calibrate(): number {
  const text = `[${repeatedObject}]`
  const begun = process.cpuUsage()
  for (let round = 0; round < 10; round += 1) JSON.stringify(JSON.parse(text))
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1_000
}
const repeatedObject = '{"a":{"b":[1,2,3]},"c":"d"},'.repeat(20_000).slice(0, -1)

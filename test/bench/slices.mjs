// What `node --import` loads into the bundle to find the longest slice of CPU time for which its event loop does nothing
// else. SIGUSR2 prints it, in ms, with the number of the signal, and begins anew. The loop does not sleep meanwhile.
let longest = 0
let signal = 0
let last = process.threadCpuUsage()
process.on('SIGUSR2', () => {
  signal += 1
  console.log(JSON.stringify({ longest, signal }))
  longest = 0
})
function turn() {
  const now = process.threadCpuUsage()
  longest = Math.max(longest, (now.user + now.system - last.user - last.system) / 1_000)
  last = now
  setImmediate(turn)
}
turn()

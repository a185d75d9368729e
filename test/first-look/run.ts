import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { TETHER } from '../harness/refgrant.ts'

// What `make run` does: serves the webhook with the grants of this folder, and says what to try once it is ready.

const here = path.relative(process.cwd(), import.meta.dirname)
const argv = ['src/cli.ts', 'serve', '--drain', '0', '--grants', path.join(here, 'grants')]
const server = spawn(process.execPath, [...TETHER, ...argv], { stdio: ['pipe', 'pipe', 'inherit'] })

const invitation = `
Ready: https://localhost:8443/validate, with the grants in ${path.join(here, 'grants')}. In another terminal:

    make try

sends ${path.join(here, 'review.json')}, an HTTPRoute of namespace shop that sends traffic to Service payments in
namespace billing. Expect "allowed": false, and the grant that is missing. Then take the last line (name: invoices)
out of ${path.join(here, 'grants', 'billing.yaml')}, so that it covers every Service, and try again: "allowed": true.
Without make: curl --cacert certs/ca.crt -H 'Content-Type: application/json' \\
    -d @${path.join(here, 'review.json')} https://localhost:8443/validate
Ctrl-C ends it.

`

createInterface({ input: server.stdout }).on('line', (line) => {
  process.stdout.write(`${line}\n`)
  if (line.includes('"serving reviews"')) process.stdout.write(invitation)
})
// A terminal's Ctrl-C reaches the server too; a signal to this process alone is handed on.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill('SIGTERM'))
server.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0)
})

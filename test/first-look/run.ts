import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { TETHER } from '../harness/program/refgrant.ts'

// `make run`: serves the webhook with the grants of this folder, and prints commands to try when it is ready.

const here = path.relative(process.cwd(), import.meta.dirname)
const argv = ['src/cli.ts', 'serve', '--drain', '0', '--grants', path.join(here, 'grants')]
process.stderr.write('starting refgrant\n')
// A process group of its own keeps the terminal's Ctrl-C away from the server: a second signal, beside the one below, would
// end it at once.
const server = spawn(process.execPath, [...TETHER, ...argv], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })

const listen = process.env.REFGRANT_LISTEN
const instructions = (port: number) => `
Ready: https://localhost:${port}/validate, with the grants in ${path.join(here, 'grants')}. In another terminal:

    ${listen === undefined ? '' : `REFGRANT_LISTEN=:${port} `}make try

This sends ${path.join(here, 'review.json')}: an HTTPRoute in namespace shop that sends traffic to Service payments
in namespace billing. Expect "allowed": false, and the grant that is missing. Then delete the last line (name: invoices)
from ${path.join(here, 'grants', 'billing.yaml')}, so that the grant covers every Service. Run the command again, and
expect "allowed": true.

Without make: curl --cacert certs/ca.crt -H 'Content-Type: application/json' \\
    -d @${path.join(here, 'review.json')} https://localhost:${port}/validate
To stop the server, press Ctrl-C.

`

createInterface({ input: server.stdout }).on('line', (line) => {
  process.stdout.write(`${line}\n`)
  if (line.includes('"serving reviews"')) process.stdout.write(instructions(JSON.parse(line).port))
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill('SIGTERM'))
server.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0)
})

import { readFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { reasonOf } from '../../src/system/reason.ts'

// `make try`: sends the AdmissionReview of this folder to the server of `make run`.

const headers = { 'content-type': 'application/json' }
const url = `https://localhost:${process.env.REFGRANT_LISTEN?.split(':').at(-1) ?? 8443}/validate`
const ca = readFileSync('certs/ca.crt')
const request = https.request(url, { method: 'POST', ca, headers }, async (response) => {
  const answer = await text(response)
  const isJson = response.headers['content-type']?.startsWith('application/json')
  process.stdout.write(`${isJson ? JSON.stringify(JSON.parse(answer), null, 2) : answer}\n`)
})
request.on('error', (error) => {
  process.stderr.write(`${url} did not answer (${reasonOf(error)}): run "make run" in another terminal\n`)
  process.exitCode = 1
})
request.end(readFileSync(path.join(import.meta.dirname, 'review.json')))

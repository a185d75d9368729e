import { readFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { text } from 'node:stream/consumers'

// What `make try` does: sends the AdmissionReview of this folder to the webhook that `make run` serves.

const headers = { 'content-type': 'application/json' }
const ca = readFileSync('certs/ca.crt')
const request = https.request('https://localhost:8443/validate', { method: 'POST', ca, headers }, async (response) => {
  const answer = await text(response)
  const isJson = response.headers['content-type']?.startsWith('application/json')
  process.stdout.write(`${isJson ? JSON.stringify(JSON.parse(answer), null, 2) : answer}\n`)
})
request.on('error', (error) => {
  process.stderr.write(`no answer from https://localhost:8443/validate (${error.message}): is make run running?\n`)
  process.exitCode = 1
})
request.end(readFileSync(path.join(import.meta.dirname, 'review.json')))

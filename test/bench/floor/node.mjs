// The floor of `make bench`: what any webhook that runs on Node has to do. It collects the body, parses it, and gives
// a fixed answer.
import { readFileSync } from 'node:fs'
import https from 'node:https'

const [, , cert, key] = process.argv
const server = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const { uid } = JSON.parse(Buffer.concat(chunks).toString()).request
    const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer))
  })
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))

// The same as node.mjs, with Fastify and its own parser of JSON.
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'

const [, , cert, key] = process.argv
const app = Fastify({ https: { cert: readFileSync(cert), key: readFileSync(key) }, bodyLimit: 16 * 1024 * 1024 })
app.post('/validate/deny', async ({ body }) => {
  const response = { uid: body.request.uid, allowed: true }
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(JSON.stringify({ port: app.server.address().port }))

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { json } from 'node:stream/consumers'
import { issueAuthority, issueServer } from '../../../src/certificates/issue.ts'
import { folderWith } from '../folders.ts'
import { A_DAY } from '../validities.ts'

/** A webhook that allows everything, and remembers what it was asked about. */
export interface Recorder {
  readonly url: string
  /** PEM file of what its certificate is verified with. */
  readonly ca: string
  /** The names of the objects that it was asked about, and how often. */
  readonly called: Map<string, number>
  close(): void
}

export async function startRecorder(): Promise<Recorder> {
  const called = new Map<string, number>()
  const authority = issueAuthority('recorder', A_DAY)
  // An idle connection that is closed here can lose a request that is on its way.
  const options = { ...issueServer(authority, ['127.0.0.1'], A_DAY), keepAliveTimeout: 0 }
  const server = https.createServer(options, async (request, response) => {
    // biome-ignore lint/suspicious/noExplicitAny: a review
    const { request: review } = (await json(request)) as any
    called.set(review.name, (called.get(review.name) ?? 0) + 1)
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: review.uid, allowed: true },
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ca = path.join(folderWith({}), 'ca.crt')
  writeFileSync(ca, authority.cert)
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/validate`,
    ca,
    called,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

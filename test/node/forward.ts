import { once } from 'node:events'
import { createConnection, createServer, type NetConnectOpts, type Server } from 'node:net'
import { pipeline } from 'node:stream'

/** Takes connections, and forwards each to a server. */
export async function forward(
  from: { path: string } | { host: string; port: number },
  to: NetConnectOpts,
): Promise<Server> {
  const server = createServer((client) => {
    const upstream = createConnection(to)
    // Whichever end breaks, the pipeline ends the other.
    pipeline(client, upstream, client, () => {})
  })
  server.listen(from)
  await once(server, 'listening')
  return server
}

import { once } from 'node:events'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import path from 'node:path'

/** A path of the registry's API: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pull */
const PATH = /^\/v2\/([a-z-]+)\/(manifests|blobs)\/([\w.:-]+)$/

/** Serves the images of a folder, which holds an OCI layout for each name. Any tag is a name of the one image of a layout. */
export async function serveImages(folder: string, port: number): Promise<Server> {
  const server = createServer(({ url = '', method }, response) => {
    if (url === '/v2/') return response.end()
    const [, name = '', kind = '', reference = ''] = PATH.exec(url) ?? []
    const digest = reference.startsWith('sha256:') ? reference : digestOf(path.join(folder, name))
    const file = path.join(folder, name, 'blobs', digest.replace(':', '/'))
    if (kind === '' || digest === '' || !existsSync(file)) return response.writeHead(404).end()
    // Clients want the type of manifests only.
    const type = kind === 'blobs' ? 'application/octet-stream' : JSON.parse(readFileSync(file, 'utf8')).mediaType
    response.writeHead(200, { 'Content-Type': type, 'Docker-Content-Digest': digest })
    return method === 'HEAD' ? response.end() : createReadStream(file).pipe(response)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** The digest of the image that a layout names; empty if there is no layout. */
function digestOf(layout: string): string {
  const index = path.join(layout, 'index.json')
  return existsSync(index) ? JSON.parse(readFileSync(index, 'utf8')).manifests[0].digest : ''
}

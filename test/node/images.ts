import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { digestOf, Layout } from '../../.build/image/layout.ts'
import { busyboxIn } from './root.ts'

const MEDIA = 'application/vnd.oci.image'

/** More than an image of the tests has, in bytes. */
const LARGEST = 512 * 1024 * 1024

/** Writes an image of busybox alone, which waits: it keeps the namespaces of each pod, and tests run it as whatever they need. */
export function writeBusybox(root: string, layout: string): void {
  writeImage(layout, path.dirname(busyboxIn(root)), ['busybox', 'sh', 'sleep'], ['/busybox', 'sleep', 'infinity'])
}

/** Writes an image of Prometheus, with the libraries that it links. */
export function writePrometheus(root: string, layout: string): void {
  writeImage(layout, root, ['lib', 'lib64', 'usr/lib', 'usr/lib64', 'usr/bin/prometheus'], ['/usr/bin/prometheus'])
}

/** Writes an image of files of a folder, as an OCI layout. */
function writeImage(folder: string, from: string, files: readonly string[], [program = '', ...args]: string[]): void {
  mkdirSync(folder, { recursive: true })
  // Not compressed: it is never far.
  const tar = execFileSync('tar', ['-c', '-C', from, ...files], { maxBuffer: LARGEST })
  const layout = new Layout(folder)
  const config = layout.add(`${MEDIA}.config.v1+json`, {
    ...{ architecture: 'amd64', os: 'linux' },
    config: { User: '65535:65535', Entrypoint: [program], Cmd: args },
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  })
  const layers = [layout.add(`${MEDIA}.layer.v1.tar`, tar)]
  const mediaType = `${MEDIA}.manifest.v1+json`
  layout.name('latest', layout.add(mediaType, { schemaVersion: 2, mediaType, config, layers }))
}

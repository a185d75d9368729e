import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { digestOf, Layout } from '../../.build/image/layout.ts'
import { busyboxIn } from './root.ts'

const MEDIA = 'application/vnd.oci.image'

/** More than busybox has, in bytes. */
const LARGEST = 16 * 1024 * 1024

/** Writes an image of busybox alone, which waits: it keeps the namespaces of each pod, and tests run it as whatever they need. */
export function writeBusybox(root: string, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const tar = execFileSync('tar', ['-c', '-C', path.dirname(busyboxIn(root)), 'busybox', 'sh', 'sleep'], {
    maxBuffer: LARGEST,
  })
  const layout = new Layout(folder)
  const config = layout.add(`${MEDIA}.config.v1+json`, {
    ...{ architecture: 'amd64', os: 'linux' },
    config: { User: '65535:65535', Entrypoint: ['/busybox'], Cmd: ['sleep', 'infinity'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  })
  const layers = [layout.add(`${MEDIA}.layer.v1.tar+gzip`, gzipSync(tar))]
  const mediaType = `${MEDIA}.manifest.v1+json`
  layout.name('latest', layout.add(mediaType, { schemaVersion: 2, mediaType, config, layers }))
}

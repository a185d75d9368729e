import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import manifest from '../../package.json' with { type: 'json' }
import { writeLibraries, writeNode, writePackage } from './layers.ts'
import { type Descriptor, digestOf, Layout } from './layout.ts'
import { type Platform, readPins } from './pins.ts'
import { tarOf, timeOfSource } from './tar.ts'

const MEDIA = 'application/vnd.oci.image'

/** What a container runs, and how: as the Dockerfile has it. */
const CONFIG = {
  User: '65532:65532',
  Env: ['NODE_OPTIONS=--max-old-space-size-percentage=60 --max-semi-space-size=4'],
  Entrypoint: ['/nodejs/bin/node', '--permission', '--allow-fs-read=*', '/refgrant/dist/refgrant.js'],
  Cmd: ['serve'],
  ExposedPorts: { '8443/tcp': {}, '8080/tcp': {} },
  Labels: {
    'org.opencontainers.image.title': manifest.name,
    'org.opencontainers.image.description': manifest.description,
    'org.opencontainers.image.licenses': manifest.license,
    'org.opencontainers.image.version': manifest.version,
  },
}

/** Builds images from the package, with the time of the last commit: the same bytes each time. */
class Build {
  readonly #layout: Layout
  readonly #work: string
  readonly #tarball: string
  /** The time of the image and of all its files, in s since 1970. */
  readonly #time: number

  constructor(layout: Layout, work: string, tarball: string, time: number) {
    this.#layout = layout
    this.#work = work
    this.#tarball = tarball
    this.#time = time
  }

  /** Adds the image of a platform. */
  async image(platform: Platform): Promise<Descriptor & { platform: object }> {
    const { debian, node } = readPins()[platform]
    const layers = [
      await this.#layer('libraries of Debian', (folder) => writeLibraries(debian, folder)),
      await this.#layer(`Node ${node.version}`, (folder) => writeNode(node, folder)),
      await this.#layer(`refgrant ${manifest.version}`, (folder) => writePackage(this.#tarball, folder)),
    ]
    const created = new Date(this.#time * 1_000).toISOString()
    const config = this.#layout.add(`${MEDIA}.config.v1+json`, {
      created,
      ...{ architecture: platform, os: 'linux', config: CONFIG },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(({ comment }) => ({ created, comment })),
    })
    const mediaType = `${MEDIA}.manifest.v1+json`
    const content = { schemaVersion: 2, mediaType, config, layers: layers.map(({ descriptor }) => descriptor) }
    return { ...this.#layout.add(mediaType, content), platform: { architecture: platform, os: 'linux' } }
  }

  /** Adds a layer with the files that `write` puts into a folder. */
  async #layer(comment: string, write: (folder: string) => unknown) {
    const folder = mkdtempSync(path.join(this.#work, 'layer-'))
    await write(folder)
    const tar = tarOf(folder)
    return { comment, diffId: digestOf(tar), descriptor: this.#layout.add(`${MEDIA}.layer.v1.tar+gzip`, gzipSync(tar)) }
  }
}

/** Builds the image of each platform as an OCI layout in a folder, and returns the digest of the index of both. */
async function buildImage(folder: string): Promise<string> {
  rmSync(folder, { recursive: true, force: true })
  const work = mkdtempSync(path.join(tmpdir(), 'refgrant-image-'))
  try {
    const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', work], { encoding: 'utf8' })
    const layout = new Layout(folder)
    const build = new Build(layout, work, path.join(work, packed.trim()), timeOfSource())
    const mediaType = `${MEDIA}.index.v1+json`
    const manifests = [await build.image('amd64'), await build.image('arm64')]
    const index = layout.add(mediaType, { schemaVersion: 2, mediaType, manifests })
    layout.name(manifest.version, index)
    return index.digest
  } finally {
    rmSync(work, { recursive: true })
  }
}

const folder = process.argv[2] ?? 'dist/image'
try {
  console.log(`${folder}: refgrant ${manifest.version}, ${await buildImage(folder)}`)
} catch (error) {
  console.error(`cannot build the image: ${(error as Error).message}`)
  process.exitCode = 1
}

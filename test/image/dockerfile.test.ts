import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { after, before, suite } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { testContainer } from './served.ts'
import { AUTHORITIES, writeDistroless, writeSlim } from './stand-ins.ts'

/** The images that the Dockerfile takes, in order. */
const [BASE = '', SLIM = ''] = [/^ARG BASE=(\S+)$/m, /^FROM (node:\S+) AS build$/m].map(
  (line) => line.exec(readFileSync('Dockerfile', 'utf8'))?.[1],
)

suite('the Dockerfile', { timeout: 900_000 }, () => {
  const folder = folderWith({})
  const storage = ['--root', `${folder}/root`, '--runroot', `${folder}/run`, '--storage-driver', 'vfs']
  const buildah = (...argv: string[]) =>
    execFileSync('buildah', [...storage, ...argv], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

  /** Gives an image a name under which the Dockerfile finds it, so that it asks no registry. */
  const name = (image: string, root: string, env: readonly string[] = []) => {
    const container = buildah('from', 'scratch')
    buildah('add', container, root, '/')
    for (const one of env) buildah('config', '--env', one, container)
    buildah('commit', '--rm', container, image)
  }

  before(async () => {
    await writeDistroless(`${folder}/distroless`)
    name(BASE, `${folder}/distroless`)
    await writeSlim(`${folder}/slim`)
    name(`docker.io/library/${SLIM}`, `${folder}/slim`, [`NODE_EXTRA_CA_CERTS=${AUTHORITIES}`])
    const cache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim()
    mkdirSync(cache, { recursive: true })
    const isolation = ['--isolation', 'chroot', '--network', 'host', '--volume', `${cache}:/root/.npm`]
    buildah('bud', '--pull-never', ...isolation, '--tag', 'refgrant', '.')
    buildah('push', 'refgrant', `oci:${folder}/image`)
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  testContainer('its image', () => path.join(folder, 'image'))
})

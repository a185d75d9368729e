import { readFileSync } from 'node:fs'
import path from 'node:path'

const DOCKERFILE = path.join(import.meta.dirname, '..', '..', '..', 'Dockerfile')

/** Returns the options of Node that bound its heap, as the Dockerfile sets them. */
export function heapOptions(): string[] {
  return /^ENV NODE_OPTIONS="(.*)"$/m.exec(dockerfile())?.[1]?.split(' ') ?? []
}

/** Returns the options of Node that the image runs refgrant with. */
export function imageOptions(): string[] {
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile())?.[1] ?? '[]') as string[]
  return [...heapOptions(), ...entry.filter((word) => word.startsWith('--'))]
}

const dockerfile = () => readFileSync(DOCKERFILE, 'utf8')

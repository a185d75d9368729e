import { realpathSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * Returns a text that all names of a file have in common: paths, and links of both kinds. A file that does not exist yet has
 * the one that it will have by this path.
 */
export function identityOf(file: string): string {
  try {
    const { dev, ino } = statSync(file, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return path.join(withoutLinks(path.dirname(file)), path.basename(file))
  }
}

function withoutLinks(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return path.resolve(folder)
  }
}

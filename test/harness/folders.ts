import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const made: string[] = []

// After a failure they stay: they hold logs.
process.on('exit', (code) => {
  if (code === 0) for (const folder of made) remove(folder)
})

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // A program may still write to it, or it has a part without the right to be removed.
  }
}

/** A new folder among temporary files, which is removed when this process ends well. */
export function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'refgrant-'))
  made.push(folder)
  return folder
}

/** A new folder with these files. */
export function folderWith(files: Record<string, string>): string {
  const folder = newFolder()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
  return folder
}

/** Replaces the content of a file at once: a reader gets the old or the new content, and never a part of one. */
export function replaceFile(file: string, content: string): void {
  writeFileSync(`${file}.new`, content)
  renameSync(`${file}.new`, file)
}

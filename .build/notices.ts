import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Metafile } from 'esbuild'

const HEAD = 'refgrant contains code of these packages. The names of packages are followed by their terms.\n'

/** What packages call the files with their terms. */
const TERMS = '{LICENSE,LICENCE,License,Licence,license,licence,COPYING,NOTICE,Notice,notice}{,.*,-*}'

/** Returns the notices for all packages of which a bundle has code. Packages with the same terms share a notice. */
export async function noticesFor({ outputs }: Metafile): Promise<string> {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  const folders = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []))
  const packages = new Map<string, Set<string>>()
  for (const folder of [...folders].sort()) {
    const { name, version, license, author } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'))
    const terms = (await termsIn(folder)) || `License: ${license}\nAuthor: ${author.name ?? author}`
    packages.set(terms, (packages.get(terms) ?? new Set()).add(`${name} ${version}`))
  }
  const notices = [...packages].map(([terms, names]) => `${[...names].join('\n')}\n\n${terms}\n`)
  return [HEAD, ...notices].join(`\n${'-'.repeat(80)}\n\n`)
}

/** Returns the terms that a package holds; an empty text if it has no file with them. */
async function termsIn(folder: string): Promise<string> {
  const files = globSync(TERMS, { cwd: folder }).sort()
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')))
  return texts.map((text) => text.replaceAll('\r\n', '\n').trim()).join('\n\n')
}

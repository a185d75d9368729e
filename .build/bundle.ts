import { chmod, copyFile, rm, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { noticesFor } from './notices.ts'

/** What CommonJS modules among the dependencies take Node's own modules by. */
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);"

/**
 * Builds the package in dist/: src/cli.ts in chunks, of which a command loads those that it needs, and what starts them.
 * Names stay as they are, so that the stack of an error tells its functions.
 */
async function bundle(): Promise<void> {
  await rm('dist/chunks', { recursive: true, force: true })
  const { metafile } = await build({
    entryPoints: ['src/cli.ts'],
    outdir: 'dist/chunks',
    outExtension: { '.js': '.mjs' },
    ...{ bundle: true, splitting: true, metafile: true, format: 'esm', platform: 'node', target: 'node24' },
    ...{ minifyWhitespace: true, minifySyntax: true, banner: { js: REQUIRE }, logLevel: 'warning' },
  })
  await writeFile('THIRD-PARTY-NOTICES', await noticesFor(metafile))
  await copyFile('src/refgrant.js', 'dist/refgrant.js')
  await chmod('dist/refgrant.js', 0o755)
}

await bundle()

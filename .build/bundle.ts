import { chmod, copyFile, rm, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import manifest from '../package.json' with { type: 'json' }
import { noticesFor } from './notices.ts'

/** What CommonJS modules among the dependencies take Node's own modules by. */
const REQUIRE = "const require=process.getBuiltinModule('node:module').createRequire(import.meta.url);"

/**
 * Leaves out the modules of the client library that nothing uses: its models of the Kubernetes API, which are most of it.
 * The package does not say that its modules can be left out. They only declare what they export.
 */
const unusedModels: Plugin = {
  name: 'unused models of @kubernetes/client-node',
  setup(build) {
    build.onResolve({ filter: /^@kubernetes\/client-node$|^\./ }, async ({ path, pluginData, ...from }) => {
      const isClient = path.startsWith('@') || /node_modules\/@kubernetes\/client-node\//.test(from.importer)
      if (!isClient || pluginData === 'resolving') return undefined
      const resolved = await build.resolve(path, { ...from, pluginData: 'resolving' })
      return { ...resolved, sideEffects: false }
    })
  },
}

/**
 * Leaves out what the client library would send requests, parse kubeconfigs, connect to proxies and log in by. refgrant does
 * that itself, and uses the library for the certificates and the service account. It takes more than a megabyte.
 */
const unusedByClient: Plugin = {
  name: 'unused by @kubernetes/client-node',
  setup(build) {
    const contents = `
      const refuse = (name) => { throw new Error('this bundle has no ' + name) }
      module.exports = new Proxy({ __esModule: true }, { get: (has, name) => has[name] ?? refuse(String(name)) })`
    const filter = /^(undici|hpagent|socks-proxy-agent|js-yaml|openid-client|jsonpath-plus)$/
    build.onResolve({ filter }, ({ path, importer }) =>
      /node_modules\/@kubernetes\/client-node\//.test(importer) ? { path, namespace: 'unused' } : undefined,
    )
    build.onLoad({ filter, namespace: 'unused' }, () => ({ contents }))
  },
}

/** Leaves out what compiles the schemas of Fastify's routes, since these have none. */
const noRouteSchemas: Plugin = {
  name: 'no schemas of routes',
  setup(build) {
    const contents = `
      const refuse = () => { throw new Error('this bundle compiles no schemas of routes') }
      module.exports = () => refuse`
    const filter = /^@fastify\/(ajv|fast-json-stringify)-compiler$/
    build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'none' }))
    build.onLoad({ filter, namespace: 'none' }, () => ({ contents }))
  },
}

/** Makes the functions that validate now, so that no start has to load Ajv and compile schemas. */
const compiledValidators: Plugin = {
  name: 'compiled validators',
  setup(build) {
    const ajv = new Ajv({ code: { source: true, esm: true } })
    build.onLoad({ filter: /src\/.*-validator\.ts$/ }, async ({ path }) => {
      const { validate } = await import(path)
      return { contents: standalone.default(ajv, validate) }
    })
  },
}

/**
 * Takes Node's own modules as objects. An import statement would read each of their properties at the start, and some of
 * these, such as `WebSocket` of node:http, load other large modules of Node.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy modules of Node',
  setup(build) {
    build.onResolve({ filter: /^[a-z_:/]+$/ }, ({ path, kind }) =>
      kind === 'import-statement' && isBuiltin(path) ? { path, namespace: 'node' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'node' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }))
  },
}

/**
 * Bundles src/cli.ts. Names stay as they are, so that the stack of an error tells its functions.
 *
 * @param output where to, and whether in one file
 */
export function bundled(output: Pick<BuildOptions, 'outdir' | 'outExtension' | 'outfile' | 'splitting'>) {
  return build({
    entryPoints: ['src/cli.ts'],
    ...{ bundle: true, metafile: true, format: 'esm', platform: 'node', target: 'node24' },
    ...{ minifyWhitespace: true, minifySyntax: true, banner: { js: REQUIRE }, logLevel: 'warning' },
    plugins: [unusedModels, unusedByClient, noRouteSchemas, compiledValidators, lazyBuiltins],
    ...output,
  })
}

/** Builds the package in dist/: chunks, of which a command loads those that it needs, and what starts them. */
async function buildPackage(): Promise<void> {
  await rm('dist/chunks', { recursive: true, force: true })
  const { metafile } = await bundled({ outdir: 'dist/chunks', outExtension: { '.js': '.mjs' }, splitting: true })
  await writeFile('THIRD-PARTY-NOTICES', await noticesFor(metafile))
  // One file for each name, since a Windows shim runs the file by its own name.
  for (const name of Object.values(manifest.bin)) {
    await copyFile('src/refgrant.js', name)
    await chmod(name, 0o755)
  }
}

if (import.meta.main) await buildPackage()

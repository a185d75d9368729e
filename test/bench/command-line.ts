import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { type Exchange, FakeApiServer } from '../harness/stand-ins/fake-api-server.ts'
import { grantOf, specFrom } from '../harness/stand-ins/generated-cluster.ts'
import { GROUP } from '../harness/traffic/reviews.ts'
import { type Figure, ratiosOf, roundsOf, spreadOf, tell } from './figures.ts'

const ROUNDS = roundsOf(5)
const ROUTES = 10_000
const FILES = 1_000

/** Measures the start of each command, `check` of many routes beside a parse of the same text, and `audit` of a large cluster. */
export async function commandLine(): Promise<Figure[]> {
  return [
    ...(await starts()),
    ...(await checks(1)),
    ...(await checks(FILES)),
    ...(await audits({ routes: 20_000, grants: 5_000 })),
  ]
}

/** Measures the start of each command, with as little to do as it can have, beside that of Node. */
async function starts(): Promise<Figure[]> {
  const cwd = folderWith({ 'route.yaml': ROUTE, 'grant.yaml': GRANT })
  const files = ['-f', path.join(cwd, 'route.yaml'), '-f', path.join(cwd, 'grant.yaml')]
  const cluster = await LargeCluster.start({ routes: 1, grants: 1 })
  const question = ['--from', 'HTTPRoute/shop', '--to', 'Service/billing/payments']
  const commands: Record<string, readonly string[]> = {
    'node -e 0': [],
    ...{ '--help': ['--help'], catalogue: ['catalogue'], version: ['version'], manifests: ['manifests', 'rbac'] },
    ...{ check: ['check', ...files], explain: ['explain', ...files], grant: ['grant', ...files] },
    ...{ 'audit of files': ['audit', ...files], 'check --live': ['check', ...files, '--live', ...cluster.options] },
    'explain of a question': ['explain', ...question, ...cluster.options],
    'grant of a question': ['grant', ...question, ...cluster.options],
    audit: ['audit', ...cluster.options],
  }
  const uses = await inTurn(
    Object.fromEntries(
      Object.entries(commands).map(([name, argv]) => [name, argv.length === 0 ? ['-e', '0'] : [BUNDLE, ...argv]]),
    ),
  )
  cluster.close()
  const bare = cpuOf(uses['node -e 0'])
  return Object.entries(uses).map(([name, all]) => ({
    ...{ row: 'start of a command', program: name, unit: 'CPU ms', value: spreadOf(cpuOf(all)) },
    ...(name !== 'node -e 0' && {
      ratio: { of: `${name} / node -e 0`, value: ratiosOf(cpuOf(all), bare) },
      limit: `at most ${commands[name]?.includes('--kubeconfig') ? 10 : 5}`,
    }),
  }))
}

/** Measures a check and an audit of routes in so many files, beside a parse by the package that it reads YAML with. */
async function checks(files: number): Promise<Figure[]> {
  const named = Array.from({ length: ROUTES }, (_, at) => ROUTE.replace('checkout', `checkout-${at}`))
  const folder = folderWith({
    'grant.yaml': GRANT,
    ...Object.fromEntries(
      Array.from({ length: files }, (_, at) => [
        `routes/${at}.yaml`,
        named.slice((at * ROUTES) / files, ((at + 1) * ROUTES) / files).join('---\n'),
      ]),
    ),
  })
  const parse = `import { parseAllDocuments } from 'yaml'; import { readdirSync, readFileSync } from 'node:fs'
    for (const file of readdirSync('${folder}/routes'))
      for (const one of parseAllDocuments(readFileSync('${folder}/routes/' + file, 'utf8'))) one.toJS()`
  const uses = await inTurn({
    yaml: ['--input-type=module', '-e', parse],
    'refgrant check': [BUNDLE, 'check', folder],
    'refgrant audit': [BUNDLE, 'audit', folder],
  })
  const row = `${ROUTES.toLocaleString('en')} routes in ${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'}`
  const [yaml, check, audit] = [cpuOf(uses.yaml), cpuOf(uses['refgrant check']), cpuOf(uses['refgrant audit'])]
  const ratio = (name: string, values: readonly number[]) => ({ of: `${name} / yaml`, value: ratiosOf(values, yaml) })
  return [
    { row, program: 'yaml', unit: 'CPU ms', value: spreadOf(yaml) },
    {
      ...{ row, program: 'refgrant check', unit: 'CPU ms', value: spreadOf(check) },
      ...{ ratio: ratio('refgrant check', check), limit: 'at most 1.3' },
    },
    { row, program: 'refgrant audit', unit: 'CPU ms', value: spreadOf(audit), ratio: ratio('refgrant audit', audit) },
    memory(row, 'refgrant check', uses['refgrant check'], 200),
  ]
}

interface Size {
  readonly routes: number
  readonly grants: number
}

/** Measures an audit of a cluster with so many routes and grants. */
async function audits(size: Size): Promise<Figure[]> {
  const cluster = await LargeCluster.start(size)
  const uses = await inTurn({ audit: [BUNDLE, 'audit', ...cluster.options] })
  cluster.close()
  const row = `${size.routes.toLocaleString('en')} routes and ${size.grants.toLocaleString('en')} grants of a cluster`
  const value = spreadOf(cpuOf(uses.audit))
  return [
    { row, program: 'refgrant audit', unit: 'CPU ms', value, limit: 'at most 5,000' },
    memory(row, 'refgrant audit', uses.audit, 300),
  ]
}

const BUNDLE = 'dist/refgrant.js'

/** What a process used: CPU time in ms, and the most memory in MB. */
interface Use {
  readonly cpu: number
  readonly rss: number
}

const cpuOf = (uses: readonly Use[] = []) => uses.map(({ cpu }) => cpu)

function memory(row: string, program: string, uses: readonly Use[] = [], most: number): Figure {
  return { row, program, unit: 'MB', value: spreadOf(uses.map(({ rss }) => rss)), limit: `at most ${most}` }
}

/** Runs programs of Node in turn, as often as there are rounds, so that each ratio is of two runs that follow one another. */
async function inTurn(programs: Record<string, readonly string[]>): Promise<Record<string, Use[]>> {
  const uses: Record<string, Use[]> = Object.fromEntries(Object.keys(programs).map((name) => [name, []]))
  for (let round = 1; round <= ROUNDS; round += 1)
    for (const [name, argv] of Object.entries(programs)) {
      tell(`command line: round ${round} of ${ROUNDS}, ${name}`)
      uses[name]?.push(await useOf(argv))
    }
  return uses
}

/** Runs Node to its end, and returns what it used. */
async function useOf(argv: readonly string[]): Promise<Use> {
  const told = `process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    require('fs').writeSync(3, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1_000, rss: maxRSS / 1_000 }))
  })`
  const preload = path.join(folderWith({ 'tell.cjs': told }), 'tell.cjs')
  const child = spawn(process.execPath, ['--require', preload, ...argv], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  let [text, errors] = ['', '']
  child.stdio[3]?.on('data', (chunk) => {
    text += chunk
  })
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  const [code] = await once(child, 'close')
  if (code > 1) throw new Error(`${argv.join(' ')} ended with ${code}: ${errors}`)
  return JSON.parse(text)
}

/** An API server with HTTPRoutes and grants, which are made as they are sent. */
class LargeCluster {
  readonly #server: FakeApiServer

  private constructor(server: FakeApiServer, size: Size) {
    this.#server = server
    const lists: Record<string, [count: number, one: (at: number) => string]> = {
      httproutes: [size.routes, routeAt],
      referencegrants: [size.grants, grantAt],
    }
    server.respond = (exchange) => answer(exchange, lists)
  }

  static async start(size: Size): Promise<LargeCluster> {
    return new LargeCluster(await FakeApiServer.start(), size)
  }

  get options(): readonly string[] {
    return ['--kubeconfig', this.#server.kubeconfig()]
  }

  close(): void {
    this.#server.close()
  }
}

async function answer(
  exchange: Exchange,
  lists: Record<string, [count: number, one: (at: number) => string]>,
): Promise<void> {
  const { pathname, searchParams } = new URL(exchange.path, 'https://localhost')
  if (pathname === '/apis')
    return exchange.answer({ groups: [{ name: GROUP, versions: [{ groupVersion: `${GROUP}/v1`, version: 'v1' }] }] })
  if (pathname === `/apis/${GROUP}/v1`) return exchange.answer({ kind: 'APIResourceList', resources: RESOURCES })
  if (pathname === '/api/v1')
    return exchange.answer({ resources: [{ name: 'services', kind: 'Service', namespaced: true }] })
  const [count, one] = lists[path.basename(pathname)] ?? []
  if (count === undefined || !one) return exchange.refuse(404)
  const from = Number(searchParams.get('continue') ?? 0)
  const to = Math.min(from + Number(searchParams.get('limit')), count)
  const items = Array.from({ length: to - from }, (_, at) => one(from + at)).join()
  const next = to < count ? `,"continue":"${to}"` : ''
  await exchange.stream([`{"kind":"List","metadata":{"resourceVersion":"1"${next}},"items":[${items}]}`])
  exchange.end()
}

const RESOURCES = [
  { name: 'referencegrants', kind: 'ReferenceGrant', namespaced: true },
  { name: 'httproutes', kind: 'HTTPRoute', namespaced: true },
]

/** The namespaces of routes and grants: each grant permits the references of one, so a fifth of the routes is permitted. */
const NAMESPACES = 1_000

/** The metadata that an API server adds to each object: about 1 kB. */
const MANAGED = `"uid":"00000000-0000-0000-0000-000000000000","managedFields":[{"manager":"${'m'.repeat(900)}"}]`

function routeAt(at: number): string {
  const metadata = `{"namespace":"app-${at % NAMESPACES}","name":"route-${at}",${MANAGED}}`
  const refs = ['cart', 'payments', 'search'].map((name, index) =>
    JSON.stringify({ name, port: 8080, ...(index > 0 && { namespace: `backend-${(at + index) % NAMESPACES}` }) }),
  )
  return `{"apiVersion":"${GROUP}/v1","kind":"HTTPRoute","metadata":${metadata},"spec":{"parentRefs":[{"name":"web"}],"rules":[{"backendRefs":[${refs}]}]}}`
}

function grantAt(at: number): string {
  const spec = specFrom(`app-${(at + Math.floor(at / NAMESPACES)) % NAMESPACES}`)
  return grantOf(`backend-${(at + 1) % NAMESPACES}`, `grant-${at}`, { metadata: `,${MANAGED}`, spec })
}

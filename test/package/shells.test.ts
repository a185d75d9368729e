import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { binFolder } from './bins.ts'
import { buildPackage } from './build.ts'
import { bash, bashCompletion, fish, type Shell, zsh } from './shells.ts'

/** Lines that end with a tab, and the words that may take the place of the last one. */
const LINES: Record<string, readonly string[]> = {
  'refgrant expl': ['explain'],
  'refgrant --v': ['--version'],
  'refgrant audit --un': ['--unused'],
  'refgrant audit -o ': ['csv', 'json', 'name', 'text', 'wide', 'yaml'],
  'refgrant check --output=s': ['--output=sarif'],
  'refgrant audit --fail-on new,unu': ['new,unused'],
  'refgrant audit --fail-on unused,su': ['unused,superfluous'],
  'refgrant audit --fail-on unused,superfluous,broad,': [
    'error',
    'new',
    'none',
    'not-permitted',
    'note',
    'warning',
  ].map((word) => `unused,superfluous,broad,${word}`),
  'refgrant help expl': ['explain'],
  'refgrant check -o sarif=rou': ['sarif=route.yaml'],
  'refgrant check --output=sarif=rou': ['--output=sarif=route.yaml'],
  'refgrant audit --context ': ['a:b=c', 'dev'],
  'refgrant audit --context=a:': ['--context=a:b=c'],
  'refgrant explain grant-c': ['grant-core-group'],
  'refgrant check rou': ['route.yaml'],
  'refgrant check --config=rou': ['--config=route.yaml'],
  'refgrant check -f rou': ['route.yaml'],
  'refgrant check -k ': ['folder'],
  'refgrant version ': [],
}

const SHELLS: Record<string, Shell> = { bash, 'bash with bash-completion': bashCompletion, zsh, fish }

/** Debian's packages of the shells are for this platform. */
const skip = process.platform === 'linux' && process.arch === 'x64' ? false : 'the shells are for Linux on amd64'

suite('a shell completes the command line:', { skip, concurrency: 2, timeout: 600_000 }, () => {
  let env: Record<string, string>
  const cwd = folderWith({ 'route.yaml': '', 'folder/other.yaml': '' })

  before(() => {
    buildPackage()
    const contexts = ['dev', 'a:b=c'].map((name) => ({ name, context: { cluster: 'c', user: 'u' } }))
    const kubeconfig = { clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }], contexts }
    const folder = folderWith({ config: JSON.stringify(kubeconfig) })
    env = { PATH: `${binFolder()}:${process.env.PATH}`, KUBECONFIG: `${folder}/config` }
  })

  for (const [name, shell] of Object.entries(SHELLS))
    test(name, async () => {
      const found = await shell(Object.keys(LINES), { cwd, env })
      for (const [at, [line, last]] of Object.entries(LINES).entries())
        assert.deepEqual(found[at]?.toSorted(), [...line.split(' ').slice(0, -1), ...last].toSorted(), line)
    })
})

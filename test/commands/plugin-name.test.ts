import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { folderWith } from '../harness/folders.ts'
import { ROUTE } from '../harness/objects/texts.ts'
import { CLI } from '../harness/program/cli.ts'
import { run } from '../harness/program/run.ts'

suite('as a plugin of kubectl, refgrant recommends commands of kubectl:', { concurrency: 2 }, () => {
  const cwd = folderWith({
    'app/kustomization.yaml': 'resources: [route.yaml]\n',
    'app/route.yaml': ROUTE,
    'chart/Chart.yaml': 'name: chart\n',
    'chart/templates/route.yaml': ROUTE.replace('checkout', '{{ .Release.Name }}'),
  })
  const plugin = path.join(cwd, 'kubectl-refgrant.ts')
  symlinkSync(CLI, plugin)

  const cases: [argv: string[], lines: RegExp[]][] = [
    [
      ['check', 'app'],
      [/: kubectl refgrant grant app$/m, /; to read its output: kubectl refgrant check -k app$/m],
    ],
    [['audit', 'app'], [/\| kubectl refgrant audit -$/m]],
    [['check', 'chart'], [/: helm template chart \| kubectl refgrant check -$/m]],
    [['explain', '-f', 'app'], [/: kubectl refgrant grant app$/m]],
    [['explain', 'not-permitted'], [/^What to do: `kubectl refgrant grant` prints /m]],
    [['check', '--bogus'], [/See: kubectl refgrant check --help$/m]],
    [['--help'], [/^kubectl refgrant COMMAND --help describes a command\.$/m]],
    [['serve', '--help'], [/\(kubectl refgrant\s+manifests\s+webhook\s+--static\)/]],
  ]
  for (const [argv, lines] of cases)
    test(argv.join(' '), async () => {
      const { stdout, stderr } = await run(process.execPath, [plugin, ...argv], { cwd })
      const said = stdout + stderr
      for (const line of lines) assert.match(said, line)
      assert.doesNotMatch(said, /(?<!kubectl )\brefgrant (check|grant|audit|explain|catalogue|manifests) [-a-zA-Z]/)
    })
})

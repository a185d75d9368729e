import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import manifest from '../../package.json' with { type: 'json' }
import { folderWith } from '../harness/folders.ts'
import { GRANT, ROUTE } from '../harness/objects/texts.ts'
import { refgrant } from '../harness/program/cli.ts'

const NAMESPACE = 'it must be a namespace: at most 63 lower-case letters, digits and -, with no - at either end'

/** Wrong usage: the arguments, and the line on standard error. */
const wrong: Record<string, [argv: string[], says: string]> = {
  'an unknown option': [
    ['check', '--outptu', 'json', '.'],
    "unknown option '--outptu': did you mean --output? See: refgrant check --help",
  ],
  'an unknown option that resembles none': [['check', '--x'], "unknown option '--x'. See: refgrant check --help"],
  'an unknown command': [['chekc'], "unknown command 'chekc': did you mean check? See: refgrant --help"],
  'an unknown command with options': [
    ['chekc', '--help'],
    "unknown command 'chekc': did you mean check? See: refgrant --help",
  ],
  'help of an unknown command': [
    ['help', 'chekc'],
    "unknown command 'chekc': did you mean check? See: refgrant --help",
  ],
  'an option without its value': [
    ['check', '-o'],
    "option '-o, --output <format>' needs a value: write it after the option. See: refgrant check --help",
  ],
  'a value that is not a choice': [
    ['check', '-o', 'xml', '.'],
    "option '-o, --output <format>' cannot be 'xml': it must be one of text, json, yaml, name, sarif, junit, github, gitlab, markdown. See: refgrant check --help",
  ],
  'a value that is nearly a choice': [
    ['audit', '-o', 'jsno'],
    "option '-o, --output <format>' cannot be 'jsno': it must be one of text, wide, json, yaml, name, csv: did you mean json? See: refgrant audit --help",
  ],
  'a format that is misspelt, with a file': [
    ['check', '-o', 'sarf=a.sarif', '.'],
    "option '-o, --output <format>' cannot be 'sarf=a.sarif': it must be one of text, json, yaml, name, sarif, junit, github, gitlab, markdown: did you mean sarif? See: refgrant check --help",
  ],
  'a word of a list that is misspelt': [
    ['audit', '--fail-on', 'broad,unusd'],
    "option '--fail-on <what>' cannot be 'broad,unusd': it must be not-permitted, new, error, warning, note, unused, superfluous, broad, none, or several of these with commas: did you mean unused? See: refgrant audit --help",
  ],
  'a code of a finding that is misspelt': [
    ['check', '.', '--fail-on', 'grant-core-grup'],
    "option '--fail-on <what>' cannot be 'grant-core-grup': it must be error, warning, note, none, new, or codes of findings: did you mean grant-core-group? See: refgrant check --help",
  ],
  'none and something else': [
    ['check', '.', '--fail-on', 'none,error'],
    '--fail-on takes none or error, not both: leave one of them out',
  ],
  'none, and something else again': [
    ['audit', '--fail-on', 'unused', '--fail-on', 'none'],
    '--fail-on takes none or unused, not both: leave one of them out',
  ],
  'a value that is not a number': [
    ['serve', '--drain', 'soon'],
    "option '--drain <seconds>' cannot be 'soon': it must be a number of seconds from 0 to 3600. See: refgrant serve --help",
  ],
  'a part that is not a choice': [
    ['manifests', 'role'],
    "argument 'part' cannot be 'role': it must be one of rbac, webhook, mode-label-policy, values. See: refgrant manifests --help",
  ],
  'two options that exclude each other': [
    ['serve', '--grants', 'a', '--context', 'b'],
    "option '--grants <folder>' cannot be used with option '--context <context>': leave one of them out. See: refgrant serve --help",
  ],
  'an argument that is missing': [
    ['completion'],
    "argument 'shell' is missing: write it after the command. See: refgrant completion --help",
  ],
  'a shell that is not a choice': [
    ['completion', 'powershell'],
    "argument 'shell' cannot be 'powershell': it must be one of bash, zsh, fish, kubectl. See: refgrant completion --help",
  ],
  'an extra argument': [
    ['catalogue', 'a'],
    "'catalogue' does not take an argument: leave out a. See: refgrant catalogue --help",
  ],
  'a namespace that is a wildcard': [
    ['check', '-n', '*', '.'],
    `option '-n, --namespace <namespace>' cannot be '*': ${NAMESPACE}. See: refgrant check --help`,
  ],
  'an empty namespace': [
    ['audit', '-n', ''],
    `option '-n, --namespace <namespace>' cannot be '': ${NAMESPACE}. See: refgrant audit --help`,
  ],
  'a namespace in capitals': [
    ['grant', '-n', 'Shop', '.'],
    `option '-n, --namespace <namespace>' cannot be 'Shop': ${NAMESPACE}. See: refgrant grant --help`,
  ],
  'no file to check': [['check'], 'there is nothing to check: name files or folders, or - for standard input'],
  'two kustomizations': [['check', '-k', 'a', '-k', 'b'], '-k takes one kustomization: run the command for each'],
  'two baselines': [
    ['check', '.', '--baseline', 'main', '--baseline', 'a.json'],
    '--baseline takes one report or revision: leave the other out',
  ],
  'two former reports': [['audit', '--since', 'a', '--since', 'b'], '--since takes one report: leave the other out'],
  'two configurations': [['grant', '.', '--config', 'a', '--config=b'], '--config takes one file: leave the other out'],
  'no file to grant': [
    ['grant'],
    'there is nothing to grant: name files or folders, or - for standard input, or ask with --from and --to',
  ],
}

suite('wrong usage is an error that says what to do:', { concurrency: 2 }, () => {
  for (const [title, [argv, says]] of Object.entries(wrong))
    test(title, async () => {
      const { code, stdout, stderr } = await refgrant(argv)
      assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: `refgrant: ${says}\n` })
    })

  test('a wrong value in the environment', async () => {
    const { code, stderr } = await refgrant(['serve'], { env: { REFGRANT_LOG_LEVEL: 'loud' } })
    assert.deepEqual(
      [code, stderr],
      [
        2,
        "refgrant: option '--log-level <level>' cannot be 'loud', the value of the environment variable REFGRANT_LOG_LEVEL: it must be one of debug, info, warn, error. See: refgrant serve --help\n",
      ],
    )
  })
})

test('of a setting that is given twice, the last counts', async () => {
  const { code, stdout } = await refgrant(['version', '-o', 'json', '-o', 'text'])
  assert.equal(code, 0)
  assert.match(stdout, /^refgrant /)
})

test('the value of a short option may follow an =, as with kubectl', async () => {
  const { code, stdout } = await refgrant(['version', '-o=json'])
  assert.equal(code, 0)
  assert.equal(JSON.parse(stdout).kind, 'Version')
})

test('a current folder that was removed is an error in words', async () => {
  const under = ['sh', '-c', 'rmdir "$PWD" && exec "$@"', 'sh']
  const { code, stderr } = await refgrant(['check', '/dev/null'], { under, cwd: folderWith({}) })
  assert.deepEqual([code, stderr], [2, 'refgrant: the current folder was removed: change to another one\n'])
})

suite('--help', { concurrency: 2 }, () => {
  const names = [
    'serve',
    'check',
    'explain',
    'grant',
    'audit',
    'catalogue',
    'manifests',
    'probe',
    'certs',
    'completion',
    'version',
  ]

  test('lists each command with what it does', async () => {
    const { code, stdout, stderr } = await refgrant(['--help'])
    assert.deepEqual([code, stderr], [0, ''])
    for (const name of [...names, 'help']) assert.match(stdout, new RegExp(`^  ${name} .*[a-z]{3}`, 'm'))
  })

  for (const name of names)
    test(`of ${name} is that of help ${name}, and says nothing in the notation of a program`, async () => {
      const [one, other] = await Promise.all([refgrant([name, '--help']), refgrant(['help', name])])
      assert.deepEqual(one, other)
      assert.deepEqual([one.code, one.stderr], [0, ''])
      assert.doesNotMatch(one.stdout, /default: (\[\]|\{\}|undefined|\[object)/)
    })
})

suite('arguments and -f name files in the same way:', { concurrency: 2 }, () => {
  const cwd = folderWith({ 'route.yaml': ROUTE, 'grant.yaml': GRANT, 'other.yaml': ROUTE.replace('shop', 'market') })
  const ways = [
    ['route.yaml', 'grant.yaml', 'other.yaml'],
    ['-f', 'route.yaml', '-f', 'grant.yaml', '-f', 'other.yaml'],
    ['route.yaml', '-f', 'grant.yaml', '--filename', 'other.yaml'],
    ['-f', 'route.yaml', 'grant.yaml', 'other.yaml'],
  ]
  for (const command of ['check', 'grant', 'audit'])
    test(command, async () => {
      const all = await Promise.all(ways.map((files) => refgrant([command, '-o', 'json', ...files], { cwd })))
      for (const one of all) assert.deepEqual(one, all[0])
      assert.match(all[0]?.stdout ?? '', /market/)
    })
})

suite('the version', () => {
  const line = `refgrant ${manifest.version} (Node ${process.versions.node})\n`
  for (const argv of [['version'], ['--version'], ['-V']])
    test(`is printed by ${argv}`, async () => {
      assert.deepEqual(await refgrant(argv), { code: 0, stdout: line, stderr: '' })
    })

  test('is printed as JSON', async () => {
    const { stdout } = await refgrant(['version', '-o', 'json'])
    assert.deepEqual(JSON.parse(stdout), {
      apiVersion: 'refgrant.dev/v1alpha1',
      kind: 'Version',
      version: manifest.version,
      node: process.versions.node,
    })
  })
})

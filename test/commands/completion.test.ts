import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { auditCommand } from '../../src/commands/audit.ts'
import { catalogueCommand } from '../../src/commands/catalogue.ts'
import { certsCommand } from '../../src/commands/certs.ts'
import { checkCommand } from '../../src/commands/check.ts'
import { explainCommand } from '../../src/commands/explain.ts'
import { grantCommand } from '../../src/commands/grant.ts'
import { manifestsCommand } from '../../src/commands/manifests.ts'
import { serveCommand } from '../../src/commands/serve.ts'
import { versionCommand } from '../../src/commands/version.ts'
import { guardedFields } from '../../src/policy/catalogue.ts'
import { SEVERITIES } from '../../src/policy/finding-codes.ts'
import { nextOf, SHELL } from '../../src/terminal/completion.ts'
import { refgrant } from '../harness/program/cli.ts'

const COMMANDS = {
  audit: auditCommand,
  certs: certsCommand,
  check: checkCommand,
  explain: explainCommand,
  manifests: manifestsCommand,
  serve: serveCommand,
}

const KINDS = [...new Set(guardedFields.map(({ from }) => from.kind.toLowerCase()))]

/** What follows a line, of which each word is separated by a space. */
function next(line: string) {
  const [name = '', ...words] = line.split(' ')
  const { candidates, ...rest } = nextOf(COMMANDS[name as keyof typeof COMMANDS](), words)
  return { ...rest, words: candidates.map(({ word }) => word) }
}

suite('what may follow a command line:', () => {
  const words: Record<string, readonly string[]> = {
    'explain ': [...KINDS, ...Object.keys(SEVERITIES)],
    'explain httproute ': [],
    'explain -n shop ': [...KINDS, ...Object.keys(SEVERITIES)],
    'manifests ': ['rbac', 'webhook', 'mode-label-policy', 'values'],
    'manifests --static ': ['rbac', 'webhook', 'mode-label-policy', 'values'],
    'manifests rbac ': [],
    'serve --mode ': ['deny', 'warn', 'audit'],
    'serve --log-level=': ['debug', 'info', 'warn', 'error'],
    'serve --nothing=': [],
    'certs --host a ': [],
  }
  for (const [line, expected] of Object.entries(words)) test(line, () => assert.deepEqual(next(line).words, expected))

  test('every option of a command, with its description', () => {
    const command = auditCommand()
    const { candidates } = nextOf(command, ['-'])
    assert.deepEqual(
      candidates.map(({ word }) => word).toSorted(),
      [...command.options.map(({ long }) => long), '--help'].toSorted(),
    )
    assert.ok(candidates.every(({ description }) => description))
  })

  const shells: Record<string, keyof typeof SHELL> = {
    'check ': 'files',
    'check a ': 'files',
    'check --live ': 'files',
    'check -- -': 'files',
    'check --grants ': 'files',
    'check --grants a ': 'files',
    'check --config ': 'files',
    'check --baseline ': 'files',
    'check -o sarif=': 'files',
    'check --output=sarif=a': 'files',
    'audit -o text=': 'nothing',
    'check -k ': 'folders',
    'certs --out ': 'folders',
    'serve --grants ': 'folders',
    'audit --as ': 'nothing',
    'check --grants a --live --order ': 'nothing',
  }
  for (const [line, shell] of Object.entries(shells))
    test(`${line}: ${shell}`, () => assert.equal(next(line).shell, SHELL[shell]))

  test('namespaces and contexts, of the kubeconfig of the line', () => {
    const { lookUp, given } = next('audit --kubeconfig a --context=b -n ')
    assert.deepEqual(
      [lookUp, given],
      [
        'namespaces',
        new Map([
          ['kubeconfig', 'a'],
          ['context', 'b'],
        ]),
      ],
    )
    assert.equal(next('serve --context ').lookUp, 'contexts')
  })

  test('each word of a list once', () => {
    assert.deepEqual(
      next('audit --fail-on unused,broad,').words.filter((word) => ['unused', 'broad', 'new'].includes(word)),
      ['new'],
    )
  })

  test('the last of several words with commas, and the value after =', () => {
    const { prefix, words } = next('audit --fail-on=new,un')
    assert.equal(prefix, '--fail-on=new,')
    assert.ok(words.includes('unused'))
    assert.ok(next('check --fail-on ').words.includes('grant-core-group'))
  })
})

test('docs/command-line.md lists the formats of each command', () => {
  const table = readFileSync('docs/command-line.md', 'utf8')
    .split('| format | commands | prints |')[1]
    ?.split('\n\n')[0]
  const rows = [...(table ?? '').matchAll(/^\| (`.*?`) \| (`.*?`) \|/gm)].flatMap(([, formats = '', commands = '']) =>
    wordsIn(formats).flatMap((format) => wordsIn(commands).map((command) => `${command} -o ${format}`)),
  )
  const choices = Object.entries({
    ...COMMANDS,
    catalogue: catalogueCommand,
    grant: grantCommand,
    version: versionCommand,
  }).flatMap(([name, build]) =>
    (build().options.find(({ short }) => short === '-o')?.argChoices ?? []).map((format) => `${name} -o ${format}`),
  )
  assert.deepEqual(rows.toSorted(), choices.toSorted())
})

const wordsIn = (cell: string) => [...cell.matchAll(/`(\w+)`/g)].map(([, word = '']) => word)

suite('the protocol of kubectl:', { concurrency: 2 }, () => {
  const cases: Record<string, [words: string[], lines: RegExp]> = {
    'a command': [['che'], /^check\tcheck the objects .*\n:4\n$/],
    'an option': [['check', '--bas'], /^--baseline\treport .*\n:4\n$/],
    'an option that ends the program': [['audit', '--version'], /^:4\n$/],
    'help of a command': [['help', 'che'], /^check\tcheck the objects .*\n:4\n$/],
    'nothing after help of a command': [['help', 'check', ''], /^:4\n$/],
    'the command help': [['hel'], /^help\tdescribe a command\n:4\n$/],
    'an unknown command': [['nothing', ''], /^:4\n$/],
    'no word': [[], /^serve\t/],
    'a kubeconfig that does not exist': [['audit', '--kubeconfig', '/nowhere', '--context', ''], /^:4\n$/],
    'a cluster that does not exist': [['audit', '--kubeconfig', '/nowhere', '-n', ''], /^:4\n$/],
  }
  for (const [title, [words, lines]] of Object.entries(cases))
    test(title, async () => {
      const { code, stdout, stderr } = await refgrant(['__complete', ...words])
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, lines)
    })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { auditAnnotations } from '../harness/control-plane/audit-log.ts'
import { commandOf } from '../harness/control-plane/installation.ts'
import { folderWith } from '../harness/folders.ts'
import { route } from '../harness/objects/objects.ts'
import { refgrant } from '../harness/program/cli.ts'
import { until } from '../harness/until.ts'
import { ONLY_LONG, onNode } from './on-node.ts'

const PAGE = 'docs/install.md'
const [, LADDER = ''] = readFileSync(PAGE, 'utf8').split('\n## The ladder\n')

/** The cells of a step of the ladder. */
function step(name: string): { command: string; lookAt: string } {
  const [, row = ''] = LADDER.split(`\n| ${name} |`)
  const [commands = '', lookAt = ''] = row.split('\n')[0]?.split('|') ?? []
  const [, command = ''] = /`((?:helm|kubectl) .*?)`/.exec(commands) ?? []
  assert.notEqual(command, '', `${PAGE} has no command for ${name}`)
  return { command, lookAt }
}

/** A command of the text below the table that contains a text. */
function below(text: string): string {
  const command = [...LADDER.matchAll(/`((?:helm|kubectl) [^`]*)`/g)].map(([, one]) => one as string)
  const found = command.findLast((one) => one.includes(text))
  assert.ok(found, `${PAGE} has no command with ${text}`)
  return found
}

/** Writes a route into the namespace shop, with another name for each. */
const written = (name: string) => JSON.stringify(route({ name, backends: [['payments', 'billing']] }))

suite('an admin follows docs/install.md on a node, command by command:', ONLY_LONG, () => {
  const on = onNode(async (release) => {
    await release.shell(commandOf('install').replace('registry.example.com/team', '127.0.0.1:5000'))
    await release.becomes('refused')
  })

  /** Applies a route as a pipeline does, and returns what kubectl prints on standard error. */
  async function applied(name: string): Promise<string> {
    const file = path.join(folderWith({ 'route.yaml': written(name) }), 'route.yaml')
    return on.release.shell(`kubectl apply -f ${file} 2>&1 || true`)
  }

  /** The reviews that have this label, by the command of the page. */
  async function counted(label: string): Promise<number> {
    const lines = (await on.release.documented('count')).split('\n').filter((line) => line.includes(label))
    assert.ok(lines.length > 0, label)
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

  /** Looks at what a step names: the metric of this decision must have a value. */
  async function shows({ lookAt }: { lookAt: string }, decision: string): Promise<void> {
    const metric = `refgrant_reviews_total{decision="${decision}"}`
    assert.ok(lookAt.includes(`\`${metric}\``), `${lookAt} names ${metric}`)
    await until(`${metric} is counted`, async () => (await counted(`decision="${decision}"`)) > 0)
  }

  test('audit: writes pass, and are counted, noted in the audit log, and listed by refgrant audit', async () => {
    const audit = step('1. audit')
    await on.release.shell(audit.command)
    await on.release.becomes('passes')
    await on.release.rolledOut()
    assert.match(await applied('audited'), /^httproute\S* created$/m)
    await shows(audit, 'audited')
    const folder = path.join(on.node.folder, 'control-plane')
    const notes = await until('the audit log has it', async () => {
      const found = await auditAnnotations({ folder }, 'audited')
      return found.length > 0 && found
    })
    assert.equal(notes[0]?.decision, 'audited')
    assert.ok(audit.lookAt.includes('`refgrant audit`'))
    const { code, stdout } = await refgrant(['audit'], { env: { KUBECONFIG: on.node.kubeconfig } })
    assert.deepEqual([code, stdout.includes('audited')], [1, true], stdout)
  })

  test('warn: a namespace warns by its label, and then all do', async () => {
    const warn = step('2. warn')
    await on.release.shell(warn.command.replace('NAMESPACE', 'shop'))
    const said = await until('kubectl warns', async () => {
      const printed = await applied('warned')
      return printed.includes('Warning: ') && printed
    })
    assert.match(said, /^Warning: .*payments/m)
    await shows(warn, 'warned')
    await on.release.shell(step('1. audit').command.replace('mode=audit', 'mode=warn'))
    await on.release.shell(below('refgrant.dev/mode-').replace('NAMESPACE', 'shop'))
    await on.release.rolledOut()
    assert.match(await applied('warned-too'), /^Warning: /m)
  })

  test('deny: a namespace refuses by its label, and then all do', async () => {
    const deny = step('3. deny')
    await on.release.shell(deny.command.replace('NAMESPACE', 'shop'))
    await on.release.becomes('refused')
    await shows(deny, 'refused')
    await on.release.shell(step('1. audit').command.replace('mode=audit', 'mode=deny'))
    await on.release.shell(below('refgrant.dev/mode-').replace('NAMESPACE', 'shop'))
    await on.release.rolledOut()
    await on.release.becomes('refused')
    assert.ok(deny.lookAt.includes('`refgrant_reviews_total{decision="failed"}`'))
    assert.equal(await counted('decision="failed"'), 0)
  })

  const policy = () =>
    on.node.kubectl('get', 'validatingwebhookconfiguration', 'refgrant', '-o', 'jsonpath={.webhooks[*].failurePolicy}')

  test('Fail: only mode deny is strict, and it can be left again', async () => {
    const fail = step('4. Fail')
    await on.release.shell(fail.command)
    assert.deepEqual((await policy()).split(' ').toSorted(), ['Fail', 'Ignore', 'Ignore', 'Ignore'])
    await on.release.becomes('refused')
    await on.release.shell(fail.command.replace('failurePolicy=Fail', 'failurePolicy=Ignore'))
    assert.doesNotMatch(await policy(), /Fail/)
  })

  test('and back to audit for all', async () => {
    await on.release.shell(below('mode=MODE').replace('MODE', 'audit'))
    await on.release.becomes('passes')
  })

  test('an upgrade keeps the values, and a rollback goes back', async () => {
    await on.release.documented('upgrade')
    assert.match(await on.release.helm('get', 'values', 'refgrant'), /mode: audit/)
    const [rollback] = /helm rollback [^`]*/.exec(readFileSync(PAGE, 'utf8')) ?? []
    await on.release.shell(rollback ?? '')
    await on.release.rolledOut()
    assert.match(await on.release.helm('history', 'refgrant'), /Rollback to/)
  })

  test('nothing is left when it is uninstalled', async () => {
    await on.release.documented('uninstall')
    assert.deepEqual(await on.release.left(), [])
    assert.equal(await on.release.crossing(), 'passes')
  })
})

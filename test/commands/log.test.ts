import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import https from 'node:https'
import type { Readable } from 'node:stream'
import { after, suite, type TestContext, test } from 'node:test'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { folderWith } from '../harness/folders.ts'
import { freePort } from '../harness/free-port.ts'
import { GRANT } from '../harness/objects/texts.ts'
import { CLI } from '../harness/program/cli.ts'
import { TETHER } from '../harness/program/refgrant.ts'
import { post } from '../harness/traffic/post.ts'
import { GROUP, MIB, review } from '../harness/traffic/reviews.ts'
import { until } from '../harness/until.ts'
import { A_DAY } from '../harness/validities.ts'

const authority = issueAuthority('log', A_DAY)
const pair = issueServer(authority, ['127.0.0.1'], A_DAY)
const folder = folderWith({ 'tls.crt': pair.cert, 'tls.key': pair.key, 'grants/grant.yaml': GRANT })
const skip = process.platform !== 'linux' && 'needs /dev/full'

/** Enough denials that their log lines exceed the buffer of the server, 1 MiB, and the pipe together. */
const MANY = 600
const LONG = 'x'.repeat(4_000)

const agent = new https.Agent({ keepAlive: true })
after(() => agent.destroy())

/** Starts a server that logs there, and waits until it is ready. */
async function start(t: TestContext, log: number | 'pipe') {
  const [reviews, health] = [await freePort(), await freePort()]
  const ports = ['--listen', `127.0.0.1:${reviews}`, '--metrics-listen', `127.0.0.1:${health}`]
  const argv = ['serve', '--cert', 'tls.crt', '--key', 'tls.key', '--grants', 'grants', '--drain', '0', ...ports]
  const program = [...TETHER, CLI, ...argv]
  const child = spawn(process.execPath, program, { cwd: folder, stdio: ['pipe', log, 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const get = async (what: string) => (await fetch(`http://127.0.0.1:${health}${what}`)).text()
  await until('the server is ready', async () => {
    assert.equal(child.exitCode, null)
    return (await get('/readyz').catch(() => '')) === 'ok\n'
  })
  return { child, get, refuse: () => refuse(reviews) }
}

/** Sends a review that is denied, with long names that make its log line longer than 3 KiB. */
async function refuse(port: number): Promise<void> {
  const references = ['a', 'b', 'c', 'd'].map((name) => ({ name: `${name}${LONG}`, namespace: 'billing', port: 80 }))
  const object = { spec: { rules: [{ backendRefs: references }] } }
  const whole = { apiVersion: `${GROUP}/v1`, kind: 'HTTPRoute', metadata: { name: 'r', namespace: 'shop' }, ...object }
  const body = review(JSON.stringify(whole), { username: LONG, name: LONG, namespace: LONG, uid: randomUUID() })
  const url = `https://127.0.0.1:${port}/validate/deny?timeout=30s`
  const answer = await post(url, body, { ca: authority.cert, agent })
  assert.equal(JSON.parse(answer.body).response.allowed, false)
}

async function endsWell(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
}

suite('a log that cannot be written does not stop the server:', { concurrency: 2 }, () => {
  test('a full disk', { skip }, async (t) => {
    const { child, get, refuse } = await start(t, openSync('/dev/full', 'w'))
    for (let n = 0; n < 20; n += 1) await refuse()
    assert.equal(await get('/livez'), 'ok\n')
    await endsWell(child)
  })

  test('a reader that has closed the pipe', async (t) => {
    const { child, get, refuse } = await start(t, 'pipe')
    child.stdout?.destroy()
    for (let n = 0; n < 20; n += 1) await refuse()
    assert.equal(await get('/livez'), 'ok\n')
    await endsWell(child)
  })

  test('a reader that does not read', async (t) => {
    const { child, get, refuse } = await start(t, 'pipe')
    for (let n = 0; n < MANY; n += 1) await refuse()
    assert.equal(await get('/livez'), 'ok\n')
    await endsWell(child)
  })

  test('a reader that resumes gets the buffered lines and the number of dropped ones', async (t) => {
    const { child, refuse } = await start(t, 'pipe')
    for (let n = 0; n < MANY; n += 1) await refuse()
    let log = ''
    ;(child.stdout as Readable).setEncoding('utf8').on('data', (piece: string) => {
      log += piece
    })
    await until('it says how many', () => log.includes('"msg":"dropped log lines"'))
    assert.ok(log.length > MIB, `${log.length} characters`)
    await refuse()
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
    const lines = log
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const dropped = lines.filter(({ msg }) => msg === 'dropped log lines')
    assert.equal(dropped.length, 1)
    assert.ok(dropped[0].lines > 0)
    assert.equal(lines.filter(({ msg }) => msg === 'review').length + dropped[0].lines, MANY + 1)
    assert.equal(lines.at(-1).msg, 'stopping')
  })
})

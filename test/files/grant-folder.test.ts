import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { GrantFolder } from '../../src/files/grant-folder.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import { until } from '../harness/api-client.ts'

const grant = (name: string, target = 'payments') => `apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: ${name}, namespace: billing}
spec: {from: [{group: a, kind: A, namespace: shop}], to: [{group: "", kind: Service, name: ${target}}]}
---
`
const broken = `${grant('broken')}spec: [\n`

interface Entry {
  readonly place: string
  readonly reason: string
  readonly kept: number
}

/** A folder of grants with these files, and what is written to it and logged of it. */
function folderOf(t: TestContext, files: Record<string, string>) {
  const root = mkdtempSync(path.join(tmpdir(), 'refgrant-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    writeFileSync(path.join(root, file), text)
  }
  for (const [file, text] of Object.entries(files)) write(file, text)
  const errors: Entry[] = []
  const logger = pino({ level: 'error' }, { write: (line) => errors.push(JSON.parse(line)) })
  const folder = new GrantFolder(root, [REFERENCE_GRANT], logger)
  t.after(() => folder.close())
  /** Each grant in force, and the Service that it permits. */
  const inForce = () => Object.fromEntries(folder.grants.map(({ name, to }) => [name, to[0]?.name]))
  return { root, write, remove: (file: string) => rmSync(path.join(root, file)), folder, errors, inForce }
}

suite('a folder of grants', { timeout: 60_000 }, () => {
  test('holds the grants of its YAML and JSON files and of its subfolders', (t) => {
    const json = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ReferenceGrant' }
    const { folder, inForce, errors } = folderOf(t, {
      'one.yaml': grant('one') + grant('two'),
      'three.yml': grant('three'),
      'deep/er/four.json': JSON.stringify({ ...json, metadata: { name: 'four', namespace: 'billing' } }),
      'README.md': grant('five'),
    })
    assert.deepEqual(inForce(), { one: 'payments', two: 'payments', three: 'payments', four: undefined })
    assert.equal(folder.cached().current, true)
    assert.deepEqual(errors, [])
  })

  test('that is not there is an error', () => {
    assert.throws(
      () => new GrantFolder('/nowhere/grants', [REFERENCE_GRANT], pino({ level: 'silent' })),
      /ENOENT.*\/nowhere\/grants/,
    )
  })

  test('is followed: files that are added, changed and deleted take effect, in subfolders too', async (t) => {
    const { write, remove, folder, inForce } = folderOf(t, { 'one.yaml': grant('one'), 'deep/er/x.yaml': grant('x') })
    folder.watch()
    write('deep/er/x.yaml', grant('x', 'invoices'))
    await until('the changed file in a subfolder is read', () => inForce().x === 'invoices')
    write('two.yaml', grant('two'))
    await until('the new file is read', () => inForce().two === 'payments')
    write('one.yaml', grant('one', 'invoices'))
    await until('the changed file is read', () => inForce().one === 'invoices')
    remove('one.yaml')
    await until('the deleted file is forgotten', () => !('one' in inForce()))
    write('new/three.yaml', grant('three'))
    await until('the file in a new folder is read', () => inForce().three === 'payments')
    assert.deepEqual(inForce(), { x: 'invoices', two: 'payments', three: 'payments' })
  })

  test('is not followed any more once it is closed', async (t) => {
    const [closed, open] = [folderOf(t, {}), folderOf(t, {})]
    closed.folder.watch()
    open.folder.watch()
    closed.folder.close()
    closed.write('one.yaml', grant('one'))
    open.write('one.yaml', grant('one'))
    await until('a folder that is followed shows it', () => 'one' in open.inForce())
    assert.deepEqual(closed.inForce(), {})
  })

  test('is read afresh when a review asks, for every namespace', async (t) => {
    const { write, remove, folder, inForce } = folderOf(t, { 'one.yaml': grant('one') })
    write('two.yaml', grant('two'))
    remove('one.yaml')
    assert.deepEqual(inForce(), { one: 'payments' })
    const { grants, read } = await folder.fresh(['billing', 'shop'])
    assert.deepEqual(inForce(), { two: 'payments' })
    assert.equal(grants, folder.cached().grants)
    assert.deepEqual([...read], ['billing', 'shop'])
  })
})

suite('a file that is broken', { timeout: 60_000 }, () => {
  test('keeps what it last said in force, and is reported once, with its line', async (t) => {
    const { root, write, folder, errors, inForce } = folderOf(t, { 'a.yaml': grant('one'), 'b.yaml': grant('two') })
    write('a.yaml', broken)
    write('b.yaml', grant('two', 'invoices'))
    for (let read = 0; read < 3; read += 1) await folder.fresh(['billing'])
    assert.deepEqual(inForce(), { one: 'payments', two: 'invoices' })
    assert.deepEqual(
      errors.map(({ place, kept }) => ({ place, kept })),
      [{ place: `${path.join(root, 'a.yaml')}:7`, kept: 1 }],
    )
    assert.match(errors[0]?.reason ?? '', /end with a \]/)
  })

  test('is reported again when it is broken in another way, and still keeps what it said when it was whole', async (t) => {
    const { root, write, folder, errors, inForce } = folderOf(t, { 'a.yaml': grant('one') })
    write('a.yaml', broken)
    await folder.fresh(['billing'])
    write('a.yaml', 'kind: ReferenceGrant\napiVersion: gateway.networking.k8s.io/v1\n')
    await folder.fresh(['billing'])
    assert.deepEqual(inForce(), { one: 'payments' })
    assert.deepEqual(
      errors.map(({ place }) => place),
      [`${path.join(root, 'a.yaml')}:7`, `${path.join(root, 'a.yaml')}:1`],
    )
  })

  test('takes effect when it is mended', async (t) => {
    const { write, folder, inForce } = folderOf(t, { 'a.yaml': grant('one') })
    folder.watch()
    write('a.yaml', broken)
    write('b.yaml', grant('two'))
    await until('the other file is read', () => 'two' in inForce())
    assert.deepEqual(inForce(), { one: 'payments', two: 'payments' })
    write('a.yaml', grant('three'))
    await until('the mended file is read', () => 'three' in inForce())
    assert.deepEqual(inForce(), { three: 'payments', two: 'payments' })
  })

  test('takes its grants along when it is deleted', async (t) => {
    const { write, remove, folder, inForce } = folderOf(t, { 'a.yaml': grant('one') })
    write('a.yaml', broken)
    await folder.fresh(['billing'])
    remove('a.yaml')
    await folder.fresh(['billing'])
    assert.deepEqual(inForce(), {})
  })

  test('from the beginning says nothing, and hides no other file', (t) => {
    const { errors, inForce } = folderOf(t, { 'a.yaml': broken, 'b.yaml': grant('two') })
    assert.deepEqual(inForce(), { two: 'payments' })
    assert.deepEqual(
      errors.map(({ kept }) => kept),
      [0],
    )
  })
})

test('a folder that is gone keeps its grants in force, and that is reported', async (t) => {
  const { root, folder, errors, inForce } = folderOf(t, { 'one.yaml': grant('one') })
  rmSync(root, { recursive: true })
  await folder.fresh(['billing'])
  assert.deepEqual(inForce(), { one: 'payments' })
  assert.equal(errors.length, 1)
})

test('a file that cannot be read at all is reported once', async (t) => {
  const { root, folder, errors } = folderOf(t, { 'one.yaml': grant('one') })
  symlinkSync('/nowhere', path.join(root, 'gone.yaml'))
  for (let read = 0; read < 3; read += 1) await folder.fresh(['billing'])
  assert.deepEqual(
    errors.map(({ place }) => place),
    [path.join(root, 'gone.yaml')],
  )
})

test('a folder that is called like a file is none', async (t) => {
  const { root, folder, errors } = folderOf(t, { 'one.yaml': grant('one') })
  mkdirSync(path.join(root, 'folder.yaml'))
  await folder.fresh(['billing'])
  assert.deepEqual(errors, [])
})

test('a grant of another kind is gone when its file is', async (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'refgrant-'))
  t.after(() => rmSync(root, { recursive: true }))
  const file = path.join(root, 'a.yaml')
  const text = (target: string) => `apiVersion: example.com/v1
kind: Grant
metadata: {name: a, namespace: billing}
spec: {from: [{group: g, kind: A, namespace: shop}], to: [{group: "", kind: Service, name: ${target}}]}
`
  writeFileSync(file, text('payments'))
  const kinds = [REFERENCE_GRANT, { group: 'example.com', kind: 'Grant', plural: 'grants' }]
  const folder = new GrantFolder(root, kinds, pino({ level: 'silent' }))
  const targets = () => folder.grants.map(({ to }) => to[0]?.name)
  assert.deepEqual(targets(), ['payments'])
  writeFileSync(file, text('ledger'))
  await folder.fresh([])
  assert.deepEqual(targets(), ['ledger'])
  rmSync(file)
  await folder.fresh([])
  assert.deepEqual(targets(), [])
})

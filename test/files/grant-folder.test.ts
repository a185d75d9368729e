import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { LookupFailed } from '../../src/admission/grant-source.ts'
import { GrantFolder } from '../../src/files/grant-folder.ts'
import { REFERENCE_GRANT } from '../../src/policy/grant-kinds.ts'
import type { GrantLookup } from '../../src/policy/grant-lookup.ts'
import { newFolder } from '../harness/folders.ts'

const grant = (name: string, target = 'payments') => `apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: ${name}, namespace: billing}
spec: {from: [{group: a, kind: A, namespace: shop}], to: [{group: "", kind: Service, name: ${target}}]}
---
`
const broken = `${grant('broken')}spec: [\n`

const QUIET = { kinds: [REFERENCE_GRANT], logger: pino({ level: 'silent' }), now: () => 0, knowledgeAge: 40_000 }

interface Entry {
  readonly place: string
  readonly reason: string
  readonly kept: number
}

/** A folder of grants with these files, and what is written to it and logged of it. */
async function folderOf(t: TestContext, files: Record<string, string>) {
  const root = newFolder()
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    writeFileSync(path.join(root, file), text)
  }
  for (const [file, text] of Object.entries(files)) write(file, text)
  const errors: Entry[] = []
  const logger = pino({ level: 'error' }, { write: (line) => errors.push(JSON.parse(line)) })
  const clock = { now: 0 }
  const options = { folder: root, kinds: [REFERENCE_GRANT], logger, now: () => clock.now, knowledgeAge: 40_000 }
  const folder = await GrantFolder.open(options)
  /** Each grant in force, and the Service that it permits. */
  const inForce = () => Object.fromEntries(folder.grants.map(({ name, to }) => [name, to[0]?.name]))
  const fresh = async (...namespaces: string[]) => {
    const taken = new Map<string, GrantLookup>()
    const take = (namespace: string, grants: GrantLookup) => taken.set(namespace, grants)
    const places = namespaces.map((namespace) => ({ namespace, kinds: [REFERENCE_GRANT] }))
    await folder.fresh(places, 'shop', take, AbortSignal.timeout(60_000))
    return taken
  }
  return { root, write, remove: (file: string) => rmSync(path.join(root, file)), folder, fresh, clock, errors, inForce }
}

suite('a folder of grants', { timeout: 300_000 }, () => {
  test('holds the grants of its YAML and JSON files and of its subfolders', async (t) => {
    const json = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ReferenceGrant' }
    const { folder, inForce, errors } = await folderOf(t, {
      'one.yaml': grant('one') + grant('two'),
      'three.yml': grant('three'),
      'deep/er/four.json': JSON.stringify({ ...json, metadata: { name: 'four', namespace: 'billing' } }),
      'README.md': grant('five'),
    })
    assert.deepEqual(inForce(), { one: 'payments', two: 'payments', three: 'payments', four: undefined })
    assert.equal(folder.cached().current, true)
    assert.deepEqual(errors, [])
  })

  test('holds none of hidden folders, and none of the templates of a chart', async (t) => {
    const { inForce, errors } = await folderOf(t, {
      'one.yaml': grant('one'),
      '.git/two.yaml': grant('two'),
      'node_modules/three.yaml': grant('three'),
      'chart/Chart.yaml': 'apiVersion: v2\nname: chart\n',
      'chart/templates/four.yaml': '{{ .Values.grant }}\n',
    })
    assert.deepEqual(inForce(), { one: 'payments' })
    assert.deepEqual(errors, [])
  })

  test('that does not exist is an error', async () => {
    await assert.rejects(GrantFolder.open({ ...QUIET, folder: '/nowhere/grants' }), { message: 'does not exist' })
  })

  test('takes files that are added, changed and deleted at its next look, in subfolders too', async (t) => {
    const { write, remove, folder, inForce } = await folderOf(t, {
      'one.yaml': grant('one'),
      'deep/er/x.yaml': grant('x'),
    })
    write('deep/er/x.yaml', grant('x', 'invoices'))
    await folder.look()
    assert.ok(inForce().x === 'invoices')
    write('two.yaml', grant('two'))
    await folder.look()
    assert.ok(inForce().two === 'payments')
    write('one.yaml', grant('one', 'invoices'))
    await folder.look()
    assert.ok(inForce().one === 'invoices')
    remove('one.yaml')
    await folder.look()
    assert.ok(!('one' in inForce()))
    write('new/three.yaml', grant('three'))
    await folder.look()
    assert.ok(inForce().three === 'payments')
    assert.deepEqual(inForce(), { x: 'invoices', two: 'payments', three: 'payments' })
  })

  test('is read again for a fresh read, for every namespace', async (t) => {
    const { write, remove, folder, fresh, inForce } = await folderOf(t, { 'one.yaml': grant('one') })
    write('two.yaml', grant('two'))
    remove('one.yaml')
    assert.deepEqual(inForce(), { one: 'payments' })
    const taken = await fresh('billing', 'shop')
    assert.deepEqual(inForce(), { two: 'payments' })
    const { grants } = folder.cached()
    assert.deepEqual(
      [...taken],
      [
        ['billing', grants],
        ['shop', grants],
      ],
    )
  })
})

/** The folder is followed after each of these ways to write, and each time once more, for what a way may have lost. */
suite('a file that is written in the way of', { timeout: 300_000 }, () => {
  const byRename = (root: string, file: string, text: string) => {
    writeFileSync(path.join(root, '.new'), text)
    renameSync(path.join(root, '.new'), path.join(root, file))
  }
  const ways: Record<string, (root: string, file: string, text: string) => void> = {
    'an editor that renames a new file over it': byRename,
    'an editor that renames it to a backup first': (root, file, text) => {
      renameSync(path.join(root, file), path.join(root, `${file}~`))
      writeFileSync(path.join(root, file), text)
    },
    'an editor that locks it by a link to nowhere': (root, file, text) => {
      symlinkSync('somebody@host.1', path.join(root, `.#${file}`))
      byRename(root, file, text)
      rmSync(path.join(root, `.#${file}`))
    },
    'a program that deletes and creates it': (root, file, text) => {
      rmSync(path.join(root, file))
      writeFileSync(path.join(root, file), text)
    },
    'a program that writes into it': (root, file, text) => writeFileSync(path.join(root, file), text),
    'a program that puts back its times': (root, file, text) => {
      const { atime, mtime } = statSync(path.join(root, file))
      writeFileSync(path.join(root, file), text)
      utimesSync(path.join(root, file), atime, mtime)
    },
  }
  for (const [way, save] of Object.entries(ways)) {
    test(way, async (t) => {
      const { root, folder, errors, inForce } = await folderOf(t, { 'a.yaml': grant('one', 'state000') })
      for (let state = 1; state <= 2; state += 1) {
        save(root, 'a.yaml', grant('one', `state00${state}`))
        await folder.look()
        assert.ok(inForce().one === `state00${state}`)
      }
      rmSync(path.join(root, 'a.yaml'))
      await folder.look()
      assert.ok(!('one' in inForce()))
      assert.deepEqual(errors, [])
    })
  }

  test('a mounted ConfigMap, whose link is put in place of another', async (t) => {
    const { root, write, fresh, errors, inForce } = await folderOf(t, {})
    const mount = (version: string, text: string) => {
      write(`..${version}/a.yaml`, text)
      symlinkSync(`..${version}`, path.join(root, '..data_tmp'))
      renameSync(path.join(root, '..data_tmp'), path.join(root, '..data'))
    }
    mount('1', grant('one'))
    symlinkSync('..data/a.yaml', path.join(root, 'a.yaml'))
    await fresh()
    assert.deepEqual(inForce(), { one: 'payments' })
    mount('2', grant('one', 'invoices'))
    rmSync(path.join(root, '..1'), { recursive: true })
    await fresh()
    assert.deepEqual(inForce(), { one: 'invoices' })
    mount('3', broken)
    rmSync(path.join(root, '..2'), { recursive: true })
    await fresh()
    assert.deepEqual(inForce(), { one: 'invoices' })
    assert.deepEqual(
      errors.map(({ place, kept }) => ({ place, kept })),
      [{ place: `${path.join(root, 'a.yaml')}:7`, kept: 1 }],
    )
  })

  test('somebody who puts a folder in its place', async (t) => {
    const { remove, write, fresh, errors, inForce } = await folderOf(t, { 'a.yaml': grant('one') })
    remove('a.yaml')
    write('a.yaml/b.yaml', grant('two'))
    await fresh()
    assert.deepEqual([inForce(), errors], [{ two: 'payments' }, []])
  })
})

suite('a look at a folder', { timeout: 300_000 }, () => {
  test('reads only what changed', async (t) => {
    const { write, folder, fresh } = await folderOf(t, { 'a.yaml': grant('one'), 'b.yaml': grant('two') })
    assert.equal(folder.reads, 2)
    // What changed just now is read again, since the file system may give a later change the same time.
    await fresh()
    assert.equal(folder.reads, 4)
    const { now } = Date
    t.mock.method(Date, 'now', () => now() + 60_000)
    await fresh()
    for (let look = 0; look < 3; look += 1) await fresh()
    assert.equal(folder.reads, 6)
    write('a.yaml', grant('one', 'invoices'))
    await fresh()
    assert.equal(folder.reads, 7)
  })

  test('is shared by all callers before it begins', async (t) => {
    const { folder, fresh } = await folderOf(t, { 'a.yaml': grant('one') })
    await Promise.all(Array.from({ length: 100 }, () => fresh()))
    assert.equal(folder.reads, 2)
  })

  test('is not shared with a caller after it began', async (t) => {
    const { write, fresh, inForce } = await folderOf(t, { 'a.yaml': grant('one') })
    const before = fresh()
    await Promise.resolve()
    write('a.yaml', grant('two'))
    await fresh()
    assert.deepEqual(inForce(), { two: 'payments' })
    await before
  })

  test('that does not end in time gives no verdict', async (t) => {
    const { folder } = await folderOf(t, { 'a.yaml': grant('one') })
    await assert.rejects(
      folder.fresh([], 'shop', () => {}, AbortSignal.abort()),
      LookupFailed,
    )
  })
})

test('a large file is read in slices, between which the event loop continues', async (t) => {
  const { root } = await folderOf(t, { 'a.yaml': Array.from({ length: 1_000 }, (_, n) => grant(`g${n}`)).join('') })
  let [turns, milliseconds] = [0, 0]
  const turn = () => {
    turns += 1
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  t.after(() => clearImmediate(next))
  await GrantFolder.open({ ...QUIET, folder: root, now: () => milliseconds++ })
  // 1,000 documents, after each of which a millisecond is over, in slices of 10.
  assert.ok(turns >= 90, `${turns}`)
})

test('a document that is too large to be composed at one go is refused, and as many small ones are not', async (t) => {
  const entries = '{a: b}, '.repeat(60_000)
  const { write, fresh, errors, inForce } = await folderOf(t, {
    'a.yaml': Array.from({ length: 12_000 }, (_, n) => grant(`g${n}`)).join(''),
  })
  assert.equal(Object.keys(inForce()).length, 12_000)
  write('b.yaml', `x: [${entries}]`)
  await fresh()
  assert.match(
    errors[0]?.reason ?? '',
    /the YAML up to here is too large to read at once: divide it into documents, with ---$/,
  )
})

test('of two grants with one name the last counts, and the other when that is gone', async (t) => {
  const { write, remove, fresh, inForce } = await folderOf(t, { 'b.yaml': grant('one', 'b') })
  write('a.yaml', grant('one', 'a0') + grant('one', 'a1'))
  await fresh()
  assert.deepEqual(inForce(), { one: 'b' })
  remove('b.yaml')
  await fresh()
  assert.deepEqual(inForce(), { one: 'a1' })
})

test('grants that the API server rejects do not count, and the others of their file do', async (t) => {
  const refused = grant('refused').replace('kind: A', 'kind: A B')
  const { write, fresh, errors, inForce } = await folderOf(t, { 'a.yaml': grant('one') + refused + grant('two') })
  assert.deepEqual(inForce(), { one: 'payments', two: 'payments' })
  await fresh()
  assert.deepEqual(
    errors.map(({ place, reason }) => [path.basename(place), reason]),
    [['a.yaml:9', 'the API server rejects ReferenceGrant "refused" in namespace "billing" for its spec.from[0].kind']],
  )
  write('a.yaml', refused.repeat(12))
  await fresh()
  assert.deepEqual(inForce(), {})
  assert.equal(errors.length, 1 + 10 + 1)
})

suite('a file that is broken', { timeout: 300_000 }, () => {
  test('keeps its last grants in force, and is reported once, with its line', async (t) => {
    const { root, write, fresh, errors, inForce } = await folderOf(t, {
      'a.yaml': grant('one'),
      'b.yaml': grant('two'),
    })
    write('a.yaml', broken)
    write('b.yaml', grant('two', 'invoices'))
    for (let read = 0; read < 3; read += 1) await fresh('billing')
    assert.deepEqual(inForce(), { one: 'payments', two: 'invoices' })
    assert.deepEqual(
      errors.map(({ place, kept }) => ({ place, kept })),
      [{ place: `${path.join(root, 'a.yaml')}:7`, kept: 1 }],
    )
    assert.match(errors[0]?.reason ?? '', /^a bracket or a brace is not closed/)
  })

  test('is reported again when it is broken in another way, and still keeps what it said when it was whole', async (t) => {
    const { root, write, fresh, errors, inForce } = await folderOf(t, { 'a.yaml': grant('one') })
    write('a.yaml', broken)
    await fresh('billing')
    write('a.yaml', 'kind: ReferenceGrant\napiVersion: gateway.networking.k8s.io/v1\n')
    await fresh('billing')
    assert.deepEqual(inForce(), { one: 'payments' })
    assert.deepEqual(
      errors.map(({ place }) => place),
      [`${path.join(root, 'a.yaml')}:7`, `${path.join(root, 'a.yaml')}:1`],
    )
  })

  test('takes effect when it is repaired', async (t) => {
    const { write, folder, inForce } = await folderOf(t, { 'a.yaml': grant('one') })
    write('a.yaml', broken)
    write('b.yaml', grant('two'))
    await folder.look()
    assert.ok('two' in inForce())
    assert.deepEqual(inForce(), { one: 'payments', two: 'payments' })
    write('a.yaml', grant('three'))
    await folder.look()
    assert.ok('three' in inForce())
    assert.deepEqual(inForce(), { three: 'payments', two: 'payments' })
  })

  test('loses its grants when it is deleted', async (t) => {
    const { write, remove, fresh, inForce } = await folderOf(t, { 'a.yaml': grant('one') })
    write('a.yaml', broken)
    await fresh('billing')
    remove('a.yaml')
    await fresh('billing')
    assert.deepEqual(inForce(), {})
  })

  test('is counted, and a file or folder that cannot be opened too, until it can', async (t) => {
    const { root, write, remove, fresh, folder } = await folderOf(t, { 'a.yaml': grant('one'), 'b/c.yaml': broken })
    assert.equal(folder.unreadable, 1)
    write('a.yaml', broken)
    symlinkSync('/nowhere', path.join(root, 'gone.yaml'))
    await fresh('billing')
    assert.equal(folder.unreadable, 3)
    // The broken file is in a folder that is not read: both are one.
    rmSync(path.join(root, 'b'), { recursive: true })
    symlinkSync(tmpdir(), path.join(root, 'b'))
    await fresh('billing')
    assert.equal(folder.unreadable, 3)
    for (const file of ['gone.yaml', 'b']) remove(file)
    write('a.yaml', grant('one'))
    await fresh('billing')
    assert.equal(folder.unreadable, 0)
  })

  test('from the beginning says nothing, and hides no other file', async (t) => {
    const { errors, inForce } = await folderOf(t, { 'a.yaml': broken, 'b.yaml': grant('two') })
    assert.deepEqual(inForce(), { two: 'payments' })
    assert.deepEqual(
      errors.map(({ kept }) => kept),
      [0],
    )
  })
})

suite('a folder that cannot be read', { timeout: 300_000 }, () => {
  test('gives no verdict, and what it said counts no longer than the bound', async (t) => {
    const { root, write, folder, fresh, clock, errors, inForce } = await folderOf(t, { 'one.yaml': grant('one') })
    renameSync(root, `${root}.away`)
    t.after(() => rmSync(`${root}.away`, { recursive: true, force: true }))
    for (let read = 0; read < 3; read += 1) {
      clock.now += 20_000
      assert.equal(folder.cached().current, read < 2, `${folder.age} ms`)
      await assert.rejects(fresh('billing'), LookupFailed)
    }
    assert.deepEqual(inForce(), { one: 'payments' })
    assert.equal(errors.length, 1)
    mkdirSync(root)
    write('two.yaml', grant('two'))
    await fresh('billing')
    assert.deepEqual(inForce(), { two: 'payments' })
    assert.deepEqual([folder.age, folder.cached().current], [0, true])
  })

  test('hides what is in it while it is a subfolder, and what it said stays in force', async (t) => {
    const { root, write, fresh, errors, inForce } = await folderOf(t, {
      'deep/one.yaml': grant('one'),
      'two.yaml': grant('two'),
    })
    const [deep, away] = [path.join(root, 'deep'), newFolder()]
    t.after(() => rmSync(away, { recursive: true, force: true }))
    rmSync(deep, { recursive: true })
    symlinkSync(away, deep)
    write('two.yaml', grant('two', 'invoices'))
    for (let read = 0; read < 3; read += 1) await fresh('billing')
    assert.deepEqual(inForce(), { one: 'payments', two: 'invoices' })
    assert.deepEqual(
      errors.map(({ place }) => place),
      [deep],
    )
    rmSync(deep)
    await fresh('billing')
    assert.deepEqual(inForce(), { two: 'invoices' })
  })
})

test('a file that cannot be read at all is reported once', async (t) => {
  const { root, fresh, errors } = await folderOf(t, { 'one.yaml': grant('one') })
  symlinkSync('/nowhere', path.join(root, 'gone.yaml'))
  for (let read = 0; read < 3; read += 1) await fresh('billing')
  assert.deepEqual(
    errors.map(({ place }) => place),
    [path.join(root, 'gone.yaml')],
  )
})

test('a folder with the name of a file is not read as a file', async (t) => {
  const { root, fresh, errors } = await folderOf(t, { 'one.yaml': grant('one') })
  mkdirSync(path.join(root, 'folder.yaml'))
  await fresh('billing')
  assert.deepEqual(errors, [])
})

test('a grant of another kind is gone when its file is', async (t) => {
  const root = newFolder()
  t.after(() => rmSync(root, { recursive: true }))
  const file = path.join(root, 'a.yaml')
  const text = (target: string) => `apiVersion: example.com/v1
kind: Grant
metadata: {name: a, namespace: billing}
spec: {from: [{group: g, kind: A, namespace: shop}], to: [{group: "", kind: Service, name: ${target}}]}
`
  writeFileSync(file, text('payments'))
  const kinds = [REFERENCE_GRANT, { group: 'example.com', kind: 'Grant', plural: 'grants' }]
  const folder = await GrantFolder.open({ ...QUIET, folder: root, kinds })
  const fresh = () => folder.fresh([], 'shop', () => {}, AbortSignal.timeout(60_000))
  const targets = () => folder.grants.map(({ to }) => to[0]?.name)
  assert.deepEqual(targets(), ['payments'])
  writeFileSync(file, text('ledger'))
  await fresh()
  assert.deepEqual(targets(), ['ledger'])
  rmSync(file)
  await fresh()
  assert.deepEqual(targets(), [])
})

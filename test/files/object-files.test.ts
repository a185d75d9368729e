import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdirSync, symlinkSync, truncateSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { suite, test } from 'node:test'
import { readObjects } from '../../src/files/object-files.ts'
import { folderWith } from '../harness/folders.ts'
import { refgrant } from '../harness/program/cli.ts'

const object = (name: string) => `kind: A\nmetadata: {name: ${name}}\n`
const EXCLUDE = '; to leave it out, use --exclude'
const LARGE = 64 * 1024 * 1024 + 1

/** What is read of a path: the names of the objects, and the problems by their place below the path. */
async function read(...paths: string[]) {
  const { objects, problems, files } = await readObjects(paths, { command: 'check', namespace: 'default' })
  const below = (place: string) => path.relative(paths[0] as string, place)
  return {
    names: objects.map(({ name }) => name.name),
    problems: Object.fromEntries(problems.map(({ place, message }) => [below(place), message])),
    files,
  }
}

suite('of a folder is read', { timeout: 300_000 }, () => {
  test('each file once, however many links lead to it', async () => {
    const folder = folderWith({ 'a.yaml': object('a'), 'deep/b.yaml': object('b') })
    symlinkSync('a.yaml', path.join(folder, 'again.yaml'))
    symlinkSync('deep', path.join(folder, 'link'))
    symlinkSync('..', path.join(folder, 'deep/up'))
    symlinkSync('../deep/b.yaml', path.join(folder, 'deep/c.yaml'))
    assert.deepEqual(await read(folder), { names: ['a', 'b'], problems: {}, files: 2 })
    assert.deepEqual((await read(folder, path.join(folder, 'again.yaml'), `${folder}/deep`)).names, ['a', 'b'])
  })

  test('none of the 2^40 paths of nested links', async () => {
    const folder = folderWith({ 'd40/a.yaml': object('a') })
    for (let level = 0; level < 40; level += 1) {
      mkdirSync(path.join(folder, `d${level}`))
      for (const name of ['x', 'y']) symlinkSync(`../d${level + 1}`, path.join(folder, `d${level}/${name}`))
    }
    assert.deepEqual(await read(folder), { names: ['a'], problems: {}, files: 1 })
  })

  test('nothing outside of it', async () => {
    const outside = folderWith({ 'secret.yaml': object('secret') })
    const folder = folderWith({ 'a.yaml': object('a') })
    symlinkSync(outside, path.join(folder, 'b'))
    symlinkSync(path.join(outside, 'secret.yaml'), path.join(folder, 'c.yaml'))
    symlinkSync('/dev/zero', path.join(folder, 'd.yaml'))
    symlinkSync('/etc/hostname', path.join(folder, 'no-yaml'))
    const why = `is a link to something outside the folder, which is not followed${EXCLUDE}`
    assert.deepEqual(await read(folder), { names: ['a'], problems: { b: why, 'c.yaml': why, 'd.yaml': why }, files: 1 })
  })

  test('no file or folder whose name is not UTF-8, which kubectl reads', {
    skip: process.platform === 'darwin' && 'its file systems refuse such names',
  }, async () => {
    const folder = folderWith({ 'a.yaml': object('a') })
    const named = (...bytes: number[]) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(bytes)])
    mkdirSync(named(0xff))
    for (const name of [
      [0xfe, ...Buffer.from('.yaml')],
      [0xfe, ...Buffer.from('.png')],
    ])
      await writeFile(named(...name), object('b'))
    const why = `has a name that is not UTF-8: rename it${EXCLUDE}`
    assert.deepEqual(await read(folder), { names: ['a'], problems: { '\ufffd': why, '\ufffd.yaml': why }, files: 1 })
  })

  test('a folder whose name only begins like its own is outside', async () => {
    const parent = folderWith({ 'x/a.yaml': object('a'), 'xy/b.yaml': object('b') })
    symlinkSync('../xy', path.join(parent, 'x/link'))
    assert.deepEqual((await read(path.join(parent, 'x'))).names, ['a'])
  })

  test('no pipe, no socket, no link without an end', async (t) => {
    const folder = folderWith({ 'a.yaml': object('a') })
    execFileSync('mkfifo', [path.join(folder, 'pipe.yaml'), path.join(folder, 'pipe')])
    const server = net.createServer().listen(path.join(folder, 'socket.json'))
    t.after(() => server.close())
    await once(server, 'listening')
    symlinkSync('loop.yaml', path.join(folder, 'loop.yaml'))
    symlinkSync('nowhere', path.join(folder, 'gone.yml'))
    symlinkSync('nowhere', path.join(folder, 'gone'))
    assert.deepEqual(await read(folder), {
      names: ['a'],
      problems: {
        'gone.yml': `does not exist${EXCLUDE}`,
        'loop.yaml': `is a link that leads back to itself${EXCLUDE}`,
        'pipe.yaml': `is a pipe: refgrant reads only regular files${EXCLUDE}`,
        'socket.json': `is a socket: refgrant reads only regular files${EXCLUDE}`,
      },
      files: 1,
    })
  })

  test('two names of one file as two files, where they are no links', async () => {
    const folder = folderWith({ 'a.yaml': object('a') })
    linkSync(path.join(folder, 'a.yaml'), path.join(folder, 'b.yaml'))
    assert.deepEqual((await read(folder)).names, ['a', 'a'])
  })

  test('the rest of the files, where some cannot be read', async () => {
    const folder = folderWith({ 'a.yaml': object('a'), 'b.yaml': 'kind: [\n', 'c.yaml': '', 'd.yaml': object('d') })
    truncateSync(path.join(folder, 'c.yaml'), LARGE)
    const { names, problems } = await read(folder)
    assert.deepEqual(names, ['a', 'd'])
    assert.deepEqual(Object.keys(problems), ['b.yaml:2', 'c.yaml'])
    assert.equal(problems['c.yaml'], 'exceeds the limit of 64 MiB for a file')
  })
})

test('a folder without files, and one that does not exist, are problems', async () => {
  const empty = folderWith({ 'notes.txt': '' })
  assert.deepEqual((await read(empty)).problems, { '': 'there is no YAML or JSON file in this folder' })
  assert.deepEqual((await read(path.join(empty, 'gone'))).problems, { '': 'does not exist' })
})

suite('a path on the command line', { timeout: 300_000 }, () => {
  test('may be a link to anywhere', async () => {
    const folder = folderWith({})
    const outside = folderWith({ 'a.yaml': object('a'), 'deep/b.yaml': object('b') })
    symlinkSync(path.join(outside, 'a.yaml'), path.join(folder, 'a'))
    symlinkSync(path.join(outside, 'deep'), path.join(folder, 'b'))
    assert.deepEqual((await read(path.join(folder, 'a'), path.join(folder, 'b'))).names, ['a', 'b'])
  })

  test('may be a pipe', async () => {
    const pipe = path.join(folderWith({}), 'pipe')
    execFileSync('mkfifo', [pipe])
    const [{ names }] = await Promise.all([read(pipe), writeFile(pipe, object('piped'))])
    assert.deepEqual(names, ['piped'])
  })

  test('may be what a shell makes of a command, or a file that is deleted already', () => {
    const script = (input: string) =>
      execFileSync('bash', ['-c', `node=$1; shift; ${input}`, '-', process.execPath], { encoding: 'utf8' })
    const folder = folderWith({ 'a.yaml': object('a') })
    assert.match(script(`$node src/cli.ts check <(cat ${folder}/a.yaml)`), /^1 file, 1 object/)
    const gone = `exec <${folder}/a.yaml; rm ${folder}/a.yaml; $node src/cli.ts check /dev/stdin`
    assert.match(script(gone), /^1 file, 1 object/)
  })

  test(
    'that the system cannot read is told with the reason, without its code',
    {
      skip: process.platform !== 'linux' && 'needs /proc',
    },
    async () => assert.deepEqual((await read('/proc/self/mem')).problems, { '': 'cannot be read: i/o error' }),
  )

  test('that is a socket is told so, as a link, in an option and as the configuration', async (t) => {
    const cwd = folderWith({ 'a.yaml': object('a') })
    const server = net.createServer().listen(path.join(cwd, 'socket'))
    t.after(() => server.close())
    await once(server, 'listening')
    symlinkSync('socket', path.join(cwd, 'link'))
    const why = 'is a socket or a device that cannot be read'
    const instead = `${why}: name a regular file or a pipe, or - for standard input`
    for (const [argv, said] of [
      [['link'], `link: ${instead}`],
      [['a.yaml', '--grants', 'socket'], `socket: ${instead}`],
      [['a.yaml', '--baseline', 'socket'], `socket: ${instead}`],
      [['a.yaml', '--config', 'socket'], `socket: ${why} (name a configuration with --config)`],
    ] as const) {
      const { code, stderr } = await refgrant(['check', ...argv], { cwd })
      assert.equal(code, 2)
      assert.ok(stderr.includes(`refgrant: ${said}\n`), stderr)
    }
  })

  test('is read up to 64 MiB, whatever it is', async () => {
    const { problems } = await read('/dev/zero')
    assert.deepEqual(problems, { '': 'exceeds the limit of 64 MiB for a file' })
  })

  test('standard input is read up to 64 MiB too', async () => {
    const { code, stderr } = await refgrant(['check', '-'], { input: ' '.repeat(LARGE) })
    assert.equal(code, 2)
    assert.equal(stderr, 'refgrant: -: exceeds the limit of 64 MiB for a file\n')
  })
})

test('a folder that may not be read is a problem, and the rest is read', {
  skip: process.getuid?.() !== 0,
}, async () => {
  const folder = folderWith({ 'a.yaml': object('a'), 'deep/b.yaml': object('b') })
  execFileSync('chmod', ['755', folder])
  execFileSync('chmod', ['000', path.join(folder, 'deep')])
  const program = `
    process.setuid(65534)
    const { readObjects } = await import('./src/files/object-files.ts')
    const { objects, problems } = await readObjects([${JSON.stringify(folder)}], { command: 'check', namespace: 'default' })
    console.log(JSON.stringify([objects.length, problems]))
  `
  // As root everything may be read.
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(out), [
    1,
    [{ place: path.join(folder, 'deep'), message: `cannot be read: permission denied${EXCLUDE}` }],
  ])
})

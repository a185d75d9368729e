import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Certificate, issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { KeyPairFiles } from '../../src/certificates/key-pair-files.ts'
import { validFor } from '../../src/certificates/validity.ts'
import { folderWith, replaceFile } from '../harness/folders.ts'
import { A_DAY, EXPIRED } from '../harness/validities.ts'

const HOUR = 60 * 60 * 1_000
const authority = issueAuthority('test', A_DAY)
const issue = () => issueServer(authority, ['localhost'], A_DAY)
const [first, second] = [issue(), issue()]

suite('a key pair in files', () => {
  let folder: string
  let files: KeyPairFiles
  const at = (name: string) => path.join(folder, name)

  beforeEach(async () => {
    folder = folderWith({ 'tls.crt': first.cert, 'tls.key': first.key })
    files = await KeyPairFiles.open(at('tls.crt'), at('tls.key'))
  })

  test('that stays the same is not reported', async () => {
    assert.deepEqual([files.pair, await files.look()], [first, undefined])
  })

  test('that is replaced by renames is used, whatever is found in between', async () => {
    replaceFile(at('tls.crt'), second.cert)
    assert.deepEqual([await files.look(), files.pair], [undefined, first])
    replaceFile(at('tls.key'), second.key)
    assert.deepEqual([await files.look(), files.pair], [{ pair: second }, second])
    assert.equal(await files.look(), undefined)
  })

  test('that a symbolic link replaces, as kubelet does, is used', async () => {
    const put = (version: string, { cert, key }: Certificate) => {
      mkdirSync(at(version))
      writeFileSync(path.join(at(version), 'tls.crt'), cert)
      writeFileSync(path.join(at(version), 'tls.key'), key)
      symlinkSync(version, at('..data_tmp'))
      renameSync(at('..data_tmp'), at('..data'))
    }
    put('..1', first)
    for (const name of ['tls.crt', 'tls.key']) {
      rmSync(at(name))
      symlinkSync(path.join('..data', name), at(name))
    }
    const followed = await KeyPairFiles.open(at('tls.crt'), at('tls.key'))
    put('..2', second)
    assert.deepEqual(await followed.look(), { pair: second })
  })

  const bad: Record<string, [spoil: () => void, says: RegExp]> = {
    'the key of another certificate': [() => replaceFile(at('tls.key'), second.key), /does not belong to/],
    'what is not PEM': [() => replaceFile(at('tls.crt'), 'none'), /does not hold usable PEM/],
    'a named pipe': [
      () => {
        rmSync(at('tls.crt'))
        execFileSync('mkfifo', [at('tls.crt')])
      },
      /is empty/,
    ],
    'a certificate that is not valid yet': [
      () => {
        const { cert, key } = issueServer(authority, ['localhost'], validFor(24 * HOUR, Date.now() + 2 * HOUR))
        replaceFile(at('tls.crt'), cert)
        replaceFile(at('tls.key'), key)
      },
      /is not valid before/,
    ],
    'a link to nothing': [
      () => {
        symlinkSync('..gone', at('..data'))
        symlinkSync(path.join('..data', 'tls.crt'), at('new'))
        renameSync(at('new'), at('tls.crt'))
      },
      /no such file/,
    ],
    'no file': [() => rmSync(at('tls.key')), /no such file/],
    'an expired certificate': [
      () => {
        const { cert, key } = issueServer(authority, ['localhost'], EXPIRED)
        replaceFile(at('tls.crt'), cert)
        replaceFile(at('tls.key'), key)
      },
      /expired on/,
    ],
  }
  for (const [title, [spoil, says]] of Object.entries(bad))
    test(`that ${title} replaces is reported once, and the last good pair stays`, async () => {
      spoil()
      const looks = [await files.look(), await files.look(), await files.look()]
      assert.deepEqual([looks[0], looks[2], files.pair], [undefined, undefined, first])
      assert.match((looks[1] as { problem: string }).problem, says)
      replaceFile(at('tls.crt'), second.cert)
      replaceFile(at('tls.key'), second.key)
      assert.deepEqual(await files.look(), { pair: second })
    })

  test('whose folder is gone and comes back is used again', async () => {
    rmSync(folder, { recursive: true })
    assert.deepEqual([await files.look(), Object.keys((await files.look()) ?? {})], [undefined, ['problem']])
    mkdirSync(folder)
    replaceFile(at('tls.crt'), second.cert)
    replaceFile(at('tls.key'), second.key)
    assert.deepEqual(await files.look(), { pair: second })
  })

  test('that is replaced all the time is never mixed', async () => {
    let isOver = false
    const replacing = (async () => {
      for (let n = 0; n < 300; n += 1) {
        const { cert, key } = [first, second][n % 2] as Certificate
        replaceFile(at('tls.crt'), cert)
        await turn()
        replaceFile(at('tls.key'), key)
        await turn()
      }
      isOver = true
    })()
    let problems = 0
    while (!isOver) {
      const look = await files.look()
      if (look && 'problem' in look) problems += 1
      assert.ok([first, second].some(({ cert, key }) => cert === files.pair.cert && key === files.pair.key))
    }
    await replacing
    assert.ok(problems <= 10, `${problems} reports`)
    await files.look()
    assert.deepEqual(files.pair, second)
  })

  test('that is bad, good, and bad again a minute later is reported twice', async (context) => {
    let now = 0
    context.mock.method(performance, 'now', () => now)
    for (now = 0; now <= 60_000; now += 60_000) {
      replaceFile(at('tls.key'), second.key)
      assert.deepEqual([await files.look(), typeof (await files.look())], [undefined, 'object'])
      replaceFile(at('tls.key'), first.key)
      assert.equal(await files.look(), undefined)
    }
  })
})

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { folderWith } from '../harness/folders.ts'
import { refgrant } from '../harness/program/cli.ts'
import { A_DAY, EXPIRED } from '../harness/validities.ts'

const contentOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]))

suite('certs', { concurrency: 2 }, () => {
  let folder: string
  let cwd: string
  let made: Record<string, string>

  before(async () => {
    cwd = folderWith({})
    folder = path.join(cwd, 'certs')
    const argv = ['certs', '--host', 'a.example', '*.b.example', '::1', '--client', 'kube-apiserver']
    const { code, stderr } = await refgrant(argv, { cwd })
    assert.deepEqual([code, stderr], [0, 'certificates for a.example, *.b.example, ::1 are in certs\n'])
    made = contentOf(folder)
    assert.deepEqual(Object.keys(made).sort(), ['ca.crt', 'client.crt', 'client.key', 'tls.crt', 'tls.key'])
  })

  const kept: Record<string, string[]> = {
    'without further flags': [],
    'for hosts of the certificate': ['--host', 'A.example', '*.b.example', '0:0::1'],
    'for the same client': ['--client', 'kube-apiserver'],
  }
  for (const [title, flags] of Object.entries(kept))
    test(`keeps existing files ${title}`, async () => {
      assert.deepEqual(await refgrant(['certs', '--keep', ...flags], { cwd }), { code: 0, stdout: '', stderr: '' })
      assert.deepEqual(contentOf(folder), made)
    })

  const refused: Record<string, [flags: string[], says: string]> = {
    'to replace existing files': [
      [],
      'cannot write certs/ca.crt, certs/tls.crt, certs/tls.key: file exists. Keep existing files with --keep, or replace them with --force',
    ],
    'to keep a certificate that is not for a host': [
      ['--keep', '--host', 'a.example', 'c.b.example', '127.0.0.1'],
      'certs/tls.crt is not for c.b.example, 127.0.0.1 (--host). Replace all files with --force in place of --keep',
    ],
    'to keep a certificate of another client': [
      ['--keep', '--client', 'other'],
      'certs/client.crt is for "kube-apiserver", and not for "other" (--client). Replace all files with --force in place of --keep',
    ],
    'to keep and to replace': [
      ['--keep', '--force'],
      "option '--keep' cannot be used with option '--force': leave one of them out. See: refgrant certs --help",
    ],
  }
  for (const [title, [flags, says]] of Object.entries(refused))
    test(`refuses ${title}`, async () => {
      const { code, stderr } = await refgrant(['certs', ...flags], { cwd })
      assert.deepEqual([code, stderr], [2, `refgrant: ${says}\n`])
      assert.deepEqual(contentOf(folder), made)
    })

  test('does not keep files if one is missing', async () => {
    const other = folderWith({ 'certs/ca.crt': 'mine' })
    const { code, stderr } = await refgrant(['certs', '--keep'], { cwd: other })
    const says = 'cannot keep certs/ca.crt: certs/tls.crt, certs/tls.key are missing. Replace all files with --force'
    assert.deepEqual([code, stderr], [2, `refgrant: ${says}\n`])
    assert.deepEqual(contentOf(path.join(other, 'certs')), { 'ca.crt': 'mine' })
  })

  test('does not keep a certificate that has expired', async () => {
    const authority = issueAuthority('old', A_DAY)
    const { cert, key } = issueServer(authority, ['localhost'], EXPIRED)
    const out = folderWith({ 'ca.crt': authority.cert, 'tls.crt': cert, 'tls.key': key })
    const { code, stderr } = await refgrant(['certs', '--keep', '--out', out])
    assert.equal(code, 2)
    assert.match(stderr, /tls\.crt expired on .* with --force in place of --keep\n$/)
  })

  test('replaces files with --force, and makes them with --keep if there are none', async () => {
    const other = folderWith({ 'certs/ca.crt': 'mine' })
    assert.equal((await refgrant(['certs', '--force'], { cwd: other })).code, 0)
    assert.equal((await refgrant(['certs', '--keep', '--out', 'more'], { cwd: other })).code, 0)
    for (const name of ['certs', 'more']) {
      const files = contentOf(path.join(other, name))
      const [authority, server] = [files['ca.crt'], files['tls.crt']].map((pem) => new X509Certificate(pem ?? ''))
      assert.ok(authority && server?.verify(authority.publicKey))
      assert.equal(server?.checkHost('localhost'), 'localhost')
    }
  })

  const noHosts = [
    '',
    'a b',
    'https://a.example',
    'a.example:8443',
    '[::1]',
    '256.1.1.1',
    '-a',
    'a..b',
    `${'a'.repeat(64)}.b`,
    'a_b',
    'ä.example',
  ]
  for (const host of noHosts)
    test(`refuses the host ${JSON.stringify(host)}`, async () => {
      const { code, stderr } = await refgrant(['certs', '--out', 'none', '--host', host], { cwd })
      assert.equal(code, 2)
      assert.match(
        stderr,
        /^refgrant: option '--host <host\.\.\.>' cannot be '.*': it must be a DNS name or an IP address/,
      )
    })

  for (const name of ['', 'a'.repeat(65)])
    test(`refuses a client whose name has ${name.length} characters`, async () => {
      const { code, stderr } = await refgrant(['certs', '--out', 'none', '--client', name], { cwd })
      assert.equal(code, 2)
      assert.match(stderr, /it must be a common name of 1 to 64 characters/)
    })
})

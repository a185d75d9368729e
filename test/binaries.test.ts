import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { folderWith } from './harness/folders.ts'
import { run } from './harness/program/run.ts'

/** Runs what `make test` begins with, in an environment of its own. */
function binaries(env: Record<string, string>) {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return run('env', [
    '-u',
    'KUBEBUILDER_ASSETS',
    ...variables,
    process.execPath,
    'test/harness/control-plane/binaries.ts',
  ])
}

suite('the programs of a control plane', () => {
  test('come from KUBEBUILDER_ASSETS, and need neither Go nor a cache', async () => {
    const assets = folderWith({ etcd: '', 'kube-apiserver': '', kubectl: '' })
    const { code, stdout, stderr } = await binaries({
      KUBEBUILDER_ASSETS: assets,
      PATH: '',
      XDG_CACHE_HOME: '/nowhere',
    })
    assert.deepEqual([code, stdout, stderr], [0, `${assets}\n`, ''])
  })

  test('are not built where KUBEBUILDER_ASSETS lacks one', async () => {
    const assets = folderWith({ etcd: '', kubectl: '' })
    const { code, stderr } = await binaries({ KUBEBUILDER_ASSETS: assets })
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^KUBEBUILDER_ASSETS is \S+, which lacks kube-apiserver: put it there, or unset the variable$/m,
    )
  })

  test('are built otherwise, which is told at once with what avoids it', async () => {
    const tools = folderWith({ go: '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n: > "$2"\n' })
    chmodSync(path.join(tools, 'go'), 0o755)
    const cache = folderWith({})
    const { code, stdout, stderr } = await binaries({ PATH: `${tools}:${process.env.PATH}`, XDG_CACHE_HOME: cache })
    assert.equal(code, 0, stderr)
    assert.ok(stdout.startsWith(path.join(cache, 'refgrant')), stdout)
    assert.match(
      stderr,
      /^building etcd \(1 of 3\): once for this machine[^\n]*\nKUBEBUILDER_ASSETS=\$\(setup-envtest /,
    )
    assert.equal(stderr.match(/setup-envtest/g)?.length, 1)
  })
})

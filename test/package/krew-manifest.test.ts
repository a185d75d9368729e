import assert from 'node:assert/strict'
import { test } from 'node:test'
import { krewManifest } from '../../.build/executable/krew.ts'
import manifest from '../../package.json' with { type: 'json' }

/**
 * What krew and its index require. Sources: sigs.k8s.io/krew v0.4.3, internal/index/validation/validate.go; krew, "Best
 * practices for plugins" and "Naming guide".
 */
test('the manifest of krew keeps the rules of krew and of its index', () => {
  const digest = 'a'.repeat(64)
  const { apiVersion, kind, metadata, spec } = krewManifest(() => digest)
  assert.deepEqual([apiVersion, kind], ['krew.googlecontainertools.github.com/v1alpha2', 'Plugin'])
  assert.match(metadata.name, /^[a-z0-9-]+$/)
  assert.equal(spec.version, `v${manifest.version}`)
  assert.match(spec.version, /^v\d+\.\d+\.\d+(-[\w.]+)?$/)
  assert.match(spec.homepage, /^https:/)
  assert.ok(spec.shortDescription.length <= 50 && /^[^\r\n]*[^.\r\n]$/.test(spec.shortDescription))
  for (const text of [spec.description, spec.caveats]) for (const line of text.split('\n')) assert.ok(line.length <= 90)
  assert.deepEqual(
    spec.platforms.map(({ selector }) => selector.matchLabels),
    [
      { os: 'linux', arch: 'amd64' },
      { os: 'linux', arch: 'arm64' },
    ],
  )
  for (const { uri, sha256, bin, files, selector } of spec.platforms) {
    assert.match(uri, new RegExp(`^https://.*/v${manifest.version}/[^/]*-${selector.matchLabels.arch}\\.tar\\.gz$`))
    assert.equal(sha256, digest)
    // kubectl finds a plugin by this name.
    assert.equal(bin, `kubectl-${metadata.name}`)
    assert.ok(files.some(({ to }) => to === bin))
    assert.ok(files.some(({ from }) => from.startsWith('LICENSE')))
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetched } from '../../.build/image/fetch.ts'
import { readPins } from '../../.build/image/pins.ts'

const [pin] = readPins().amd64.debian
const unknown = '0'.repeat(64)

test('a package with another content than the pinned one is refused', async () => {
  assert.ok(pin)
  await assert.rejects(fetched({ ...pin, sha256: unknown }), {
    message: `${pin.name} ${pin.version} has the SHA-256 ${pin.sha256}, and not the pinned ${unknown}`,
  })
})

test('a package that Debian has replaced is named, with what to do', async () => {
  assert.ok(pin)
  await assert.rejects(fetched({ ...pin, path: `${pin.path}.gone`, sha256: unknown }), {
    message: /^cannot download https:\S+\.gone: HTTP 404: Debian has a newer version, which make image-pins finds$/,
  })
})

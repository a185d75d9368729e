import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseAddress } from '../../src/server/address.ts'

suite('an address', () => {
  const addresses: Record<string, [text: string, address: { host: string; port: number }]> = {
    'without a host is all addresses': [':8443', { host: '::', port: 8443 }],
    'may have a name': ['localhost:80', { host: 'localhost', port: 80 }],
    'may have an IPv4 address': ['127.0.0.1:65535', { host: '127.0.0.1', port: 65_535 }],
    'may have an IPv6 address, in brackets': ['[fe80::1]:8443', { host: 'fe80::1', port: 8443 }],
    'may have an IPv4 address within an IPv6 address': ['[::ffff:10.0.0.1]:1', { host: '::ffff:10.0.0.1', port: 1 }],
    'may leave the port to the system': ['localhost:0', { host: 'localhost', port: 0 }],
  }
  for (const [title, [text, address]] of Object.entries(addresses)) {
    test(title, () => assert.deepEqual(parseAddress(text), address))
  }
})

suite('a text is not an address:', () => {
  const texts = [
    '',
    '8443',
    'localhost',
    'localhost:',
    'localhost:http',
    ':65536',
    ':123456',
    '::1:8443',
    '[::1]',
    '[x]:1',
  ]
  for (const text of [...texts, 'https://localhost:8443', 'localhost:80/', ' :80\n']) {
    test(JSON.stringify(text), () => {
      assert.throws(() => parseAddress(text), {
        message: `"${text}" is not an address: write HOST:PORT, [IPV6]:PORT or :PORT, with a port from 0 to 65535`,
      })
    })
  }
})

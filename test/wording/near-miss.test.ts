import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Difference } from '../../src/policy/entry-difference.ts'
import type { Reference } from '../../src/policy/reference.ts'
import { differenceSentence, editSentence } from '../../src/wording/near-miss.ts'

const GROUP = 'gateway.networking.k8s.io'

const REFERENCE: Reference = {
  from: { group: GROUP, kind: 'HTTPRoute', namespace: 'shop', name: 'checkout' },
  to: { group: '', kind: 'Service', namespace: 'billing', name: 'payments' },
  path: 'spec.rules[0].backendRefs[1]',
}

type Case = [path: string, found: string | undefined, wanted: string | undefined, how: Difference['how'], says: string]

const cases: readonly Case[] = [
  [
    'apiVersion',
    'a/v1',
    `${GROUP}/v1beta1`,
    'slip',
    `is "a/v1", but a ReferenceGrant has "${GROUP}/v1beta1": write "${GROUP}/v1beta1"`,
  ],
  [
    'kind',
    'ReferencePolicy',
    'ReferenceGrant',
    'slip',
    'is "ReferencePolicy", but only a ReferenceGrant permits this reference: write "ReferenceGrant"',
  ],
  [
    'metadata.namespace',
    'shop',
    'billing',
    'other',
    'is "shop", the namespace of the HTTPRoute, but the target is in namespace "billing": create it in namespace "billing"',
  ],
  [
    'metadata.namespace',
    'biling',
    'billing',
    'slip',
    'is "biling", but the target is in namespace "billing": create it in namespace "billing"',
  ],
  [
    'spec.from[0].group',
    'x',
    GROUP,
    'other',
    `is "x", but the reference comes from group "${GROUP}": add an entry with "${GROUP}"`,
  ],
  [
    'spec.from[0].kind',
    'GRPCRoute',
    'HTTPRoute',
    'other',
    'is "GRPCRoute", but the reference comes from an HTTPRoute: add an entry with "HTTPRoute"',
  ],
  [
    'spec.from[1].namespace',
    'shpo',
    'shop',
    'slip',
    'is "shpo", but the reference comes from namespace "shop": write "shop"',
  ],
  ['spec.to[0].group', 'core', '', 'slip', 'is "core", but the group of Service is "": write ""'],
  ['spec.to[0].group', undefined, '', 'slip', 'is missing or not a string, but the group of Service is "": write ""'],
  [
    'spec.to[0].kind',
    'Secret',
    'Service',
    'other',
    'is "Secret", but the reference is to a Service: add an entry with "Service"',
  ],
  ['spec.to[0].name', '', 'payments', 'slip', 'is "", but the reference is to "payments": write "payments"'],
  [
    'spec.to[1]',
    undefined,
    undefined,
    'swapped',
    'names the kind of the referrer, HTTPRoute: write an entry with group "", kind "Service" and name "payments"',
  ],
  [
    'spec.from[0].kind',
    'Service',
    'HTTPRoute',
    'other',
    'is "Service", the kind of the target, but the reference comes from an HTTPRoute: add an entry with "HTTPRoute"',
  ],
  [
    'spec.from[0].namespace',
    'billing',
    'shop',
    'other',
    'is "billing", the namespace of the target, but the reference comes from namespace "shop": add an entry with "shop"',
  ],
  ['spec.froms', undefined, 'from', 'misspelt', 'is not a field of a spec: write from'],
  ['spec.from', undefined, undefined, 'empty', 'is not a list with entries: add an entry'],
  [
    'spec.to[1].name',
    undefined,
    undefined,
    'rejected',
    'is not valid, so the API server rejects the grant: correct it',
  ],
  [
    'spec.to',
    undefined,
    undefined,
    'rejected',
    'has more than 16 entries, so the API server rejects the grant: divide it into several',
  ],
  [
    'spec.to[3].kind',
    'Secret',
    'Service',
    'full',
    'is "Secret", but the reference is to a Service: create a new grant, since spec.to has 16 entries, which is the maximum',
  ],
  [
    'spec.from[0].namespace',
    'All',
    'shop',
    'impossible',
    'is "All", but the reference comes from namespace "shop": write "shop"',
  ],
  [
    'spec.from[0].namespace',
    'sh\u043ep',
    'shop',
    'slip',
    'is "sh\\u{43e}p", but the reference comes from namespace "shop": write "shop"',
  ],
]

suite('a field that differs is worded with its edit:', () => {
  for (const [path, found, wanted, how, says] of cases)
    test(`${path} ${says}`, () => {
      const difference = { path, found, wanted, how }
      assert.equal(
        `${differenceSentence(difference, REFERENCE)}: ${editSentence(difference, REFERENCE)}`,
        `${path} ${says}`,
      )
    })
})

test('a value that would steer a terminal is escaped', () => {
  const difference = { path: 'spec.to[0].name', found: 'a\u001b[31m\n', wanted: 'payments', how: 'other' } as const
  assert.match(differenceSentence(difference, REFERENCE), /is "a\\u001b\[31m\\n", but/)
})

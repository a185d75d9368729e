import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Applied, isLater, type Tool } from '../../src/policy/apply-order.ts'

const grant = (annotations: Applied['annotations'] = {}, rest: Partial<Applied> = {}): Applied => ({
  ...{ kind: 'ReferenceGrant', name: 'b', index: 1, annotations },
  ...rest,
})
const route = (annotations: Applied['annotations'] = {}, rest: Partial<Applied> = {}): Applied => ({
  ...{ kind: 'HTTPRoute', name: 'c', index: 0, annotations },
  ...rest,
})
const wave = (value: unknown) => ({ 'argocd.argoproj.io/sync-wave': value })

const cases: [tool: Tool, title: string, grant: Applied, object: Applied, later: boolean][] = [
  ['helm', 'a kind before ReferenceGrant', grant(), route(), true],
  ['helm', 'a kind after ReferenceGrant', grant(), route({}, { kind: 'UDPRoute' }), false],
  ['helm', 'a kind that Helm knows', grant(), route({}, { kind: 'PersistentVolumeClaim' }), true],
  ['helm', 'a grant as a hook', grant({ 'helm.sh/hook': 'pre-install, pre-upgrade' }), route(), false],
  ['helm', 'a grant as a hook of upgrades only', grant({ 'helm.sh/hook': 'pre-upgrade' }), route(), true],
  ['helm', 'a grant as a late hook', grant({ 'helm.sh/hook': 'post-install' }), route({}, { kind: 'UDPRoute' }), true],
  ['helm', 'a route as a late hook', grant(), route({ 'helm.sh/hook': 'post-install' }), false],
  [
    'helm',
    'hooks by weight',
    grant({ 'helm.sh/hook': 'pre-install', 'helm.sh/hook-weight': '-1' }),
    route({ 'helm.sh/hook': 'pre-install' }),
    false,
  ],
  ['argocd', 'by name', grant(), route(), false],
  ['argocd', 'by name, the other way', grant(), route({}, { name: 'a' }), true],
  ['argocd', 'of one name', grant(), route({}, { name: 'b' }), true],
  ['argocd', 'an earlier wave', grant(wave('-1')), route({}, { name: 'a' }), false],
  ['argocd', 'a later wave', grant(wave('1')), route(), true],
  ['argocd', 'a wave that is not a number', grant(wave('soon')), route(), false],
  ['argocd', 'a hook before the sync', grant({ 'argocd.argoproj.io/hook': 'PreSync' }), route(wave('-5')), false],
  ['argocd', 'a hook of Helm', grant({ 'helm.sh/hook': 'pre-install' }), route({}, { name: 'a' }), false],
  ['flux', 'in one dry run', grant(), route(), true],
  ['kubectl', 'later in the files', grant(), route(), true],
  ['kubectl', 'earlier in the files', grant({}, { index: 0 }), route({}, { index: 1 }), false],
]

suite('whether a tool applies a grant later than its object:', () => {
  for (const [tool, title, itsGrant, object, later] of cases)
    test(`${tool}, ${title}`, () => assert.equal(isLater(tool, itsGrant, object), later))
})

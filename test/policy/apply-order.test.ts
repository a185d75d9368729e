import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Absence, type Applied, absence, type Tool } from '../../src/policy/apply-order.ts'

const grant = (annotations: Applied['annotations'] = {}, rest: Partial<Applied> = {}): Applied => ({
  ...{ kind: 'ReferenceGrant', name: 'b', index: 1, annotations },
  ...rest,
})
const route = (annotations: Applied['annotations'] = {}, rest: Partial<Applied> = {}): Applied => ({
  ...{ kind: 'HTTPRoute', name: 'c', index: 0, annotations },
  ...rest,
})
const wave = (value: unknown) => ({ 'argocd.argoproj.io/sync-wave': value })

const argo = (value: string) => ({ 'argocd.argoproj.io/hook': value })
const hook = (weight: string, policy?: string) => ({
  'helm.sh/hook': 'pre-install',
  'helm.sh/hook-weight': weight,
  ...(policy !== undefined && { 'helm.sh/hook-delete-policy': policy }),
})

const cases: [tool: Tool, title: string, grant: Applied, object: Applied, absence: Absence | undefined][] = [
  ['helm', 'a kind before ReferenceGrant', grant(), route(), 'later'],
  ['helm', 'a kind after ReferenceGrant', grant(), route({}, { kind: 'UDPRoute' }), undefined],
  ['helm', 'a kind that Helm knows', grant(), route({}, { kind: 'PersistentVolumeClaim' }), 'later'],
  ['helm', 'a grant as a hook', grant({ 'helm.sh/hook': 'pre-install, pre-upgrade' }), route(), undefined],
  ['helm', 'a grant as a hook of upgrades only', grant({ 'helm.sh/hook': 'pre-upgrade' }), route(), 'never'],
  [
    'helm',
    'a grant as a late hook',
    grant({ 'helm.sh/hook': 'post-install' }),
    route({}, { kind: 'UDPRoute' }),
    'later',
  ],
  ['helm', 'a route as a late hook', grant(), route({ 'helm.sh/hook': 'post-install' }), undefined],
  [
    'helm',
    'hooks by weight',
    grant({ 'helm.sh/hook': 'pre-install', 'helm.sh/hook-weight': '-1' }),
    route({ 'helm.sh/hook': 'pre-install' }),
    undefined,
  ],
  ['helm', 'a hook in other letters', grant({ 'helm.sh/hook': 'Pre-Install' }), route(), undefined],
  ['helm', 'a hook that Helm does not know', grant({ 'helm.sh/hook': 'pre-install,pre-apply' }), route(), 'never'],
  ['helm', 'a grant as a hook of tests', grant({ 'helm.sh/hook': 'test' }), route({}, { kind: 'UDPRoute' }), 'never'],
  ['helm', 'a route as a hook of tests', grant(), route({ 'helm.sh/hook': 'test' }), undefined],
  ['helm', 'a weight that is not an integer', grant(hook('5x')), route(hook('3')), undefined],
  ['helm', 'a grant that is deleted after its phase', grant(hook('0', ' Hook-Succeeded')), route(), 'deleted'],
  [
    'helm',
    'a grant that is deleted after the phase of both',
    grant(hook('0', 'hook-succeeded')),
    route(hook('1')),
    undefined,
  ],
  ['helm', 'a grant that is deleted before the next one', grant(hook('0', 'before-hook-creation')), route(), undefined],
  ['argocd', 'by name', grant(), route(), undefined],
  ['argocd', 'by name, the other way', grant(), route({}, { name: 'a' }), 'later'],
  ['argocd', 'of one name', grant(), route({}, { name: 'b' }), 'later'],
  ['argocd', 'an earlier wave', grant(wave('-1')), route({}, { name: 'a' }), undefined],
  ['argocd', 'a later wave', grant(wave('1')), route(), 'later'],
  ['argocd', 'a wave that is not a number', grant(wave('soon')), route(), undefined],
  ['argocd', 'a hook before the sync', grant({ 'argocd.argoproj.io/hook': 'PreSync' }), route(wave('-5')), undefined],
  ['argocd', 'a hook of Helm', grant({ 'helm.sh/hook': 'pre-install' }), route({}, { name: 'a' }), undefined],
  ['argocd', 'a wave that is not an integer', grant(wave('-1.5')), route({}, { name: 'a' }), 'later'],
  ['argocd', 'a wave with a sign', grant(wave('+1')), route(wave('2')), undefined],
  ['argocd', 'a weight of Helm', grant({ 'helm.sh/hook-weight': '-1' }), route({}, { name: 'a' }), undefined],
  [
    'argocd',
    'two hooks: the first phase counts',
    grant(argo('PostSync,PreSync')),
    route(argo('PostSync,Sync')),
    undefined,
  ],
  ['argocd', 'a grant that is skipped', grant(argo('Skip')), route(), 'never'],
  ['argocd', 'a grant for a failed sync', grant(argo('SyncFail')), route(), 'never'],
  ['argocd', 'a hook that Argo CD does not know', grant(argo('presync')), route(), 'never'],
  [
    'argocd',
    'a hook of Helm beside one of Argo CD',
    grant({ ...argo('Sync'), 'helm.sh/hook': 'pre-install' }),
    route({}, { name: 'a' }),
    'later',
  ],
  ['argocd', 'a hook of Helm that is no phase', grant({ 'helm.sh/hook': 'test' }), route(), 'never'],
  ['argocd', 'a hook of Helm 2 for definitions', grant({ 'helm.sh/hook': 'crd-install' }), route(), undefined],
  ['argocd', 'a route that is skipped', grant(wave('1')), route(argo('Skip')), undefined],
  ['flux', 'in one dry run', grant(), route(), 'later'],
  ['kubectl', 'later in the files', grant(), route(), 'later'],
  ['kubectl', 'earlier in the files', grant({}, { index: 0 }), route({}, { index: 1 }), undefined],
]

suite('why a grant is not there when a tool applies its object:', () => {
  for (const [tool, title, itsGrant, object, expected] of cases)
    test(`${tool}, ${title}`, () => assert.equal(absence(tool, itsGrant, object), expected))
})

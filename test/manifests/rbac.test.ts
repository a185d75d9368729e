import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { coverageOf } from '../../src/config/config.ts'
import { readConfig } from '../../src/config/read.ts'
import { rbac } from '../../src/manifests/rbac.ts'
import { PRESETS } from '../../src/policy/presets.ts'
import { configFile } from '../harness/program/live-config.ts'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** The rules of the account, each as text. */
function rights(fields: object, secret: string | undefined): string[] {
  const { grantKinds } = coverageOf(readConfig(configFile(fields)))
  const rules = rbac(grantKinds, secret).flatMap((object) => ('rules' in object ? (object.rules as Rule[]) : []))
  return rules.map(({ apiGroups, resources, resourceNames, verbs }) =>
    [verbs.join(), `${resources.join()}.${apiGroups.join()}`, resourceNames?.join() ?? 'any'].join(' '),
  )
}

const COMMON = ['get clusterroles.rbac.authorization.k8s.io refgrant']
const FILES = ['get validatingwebhookconfigurations.admissionregistration.k8s.io refgrant', ...COMMON]
const SELF_MANAGED = [
  'get,patch validatingwebhookconfigurations.admissionregistration.k8s.io refgrant',
  ...COMMON,
  'get,update,create,patch secrets. ca',
  'get roles.rbac.authorization.k8s.io refgrant',
]

suite('beside following grants, the account of the server has no right but', () => {
  const configurations = { 'by default': {}, 'with all presets': { presets: PRESETS } }
  for (const [title, fields] of Object.entries(configurations))
    for (const [secret, expected] of [
      [undefined, FILES],
      ['ca', SELF_MANAGED],
    ] as const)
      test(`on its own objects, ${title}, with certificates ${secret ? 'of its own' : 'from files'}`, () => {
        const all = rights(fields, secret)
        const others = all.filter((right) => !/^list,watch \S+grants\.\S+ any$/.test(right))
        assert.deepEqual(others, expected)
        assert.ok(all.length > others.length)
      })
})

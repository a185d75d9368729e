import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { run } from '../program/run.ts'

/** The account that installs refgrant. */
interface Administrator {
  /** Path of kubectl. */
  readonly kubectl: string
  readonly kubeconfig: string
}

const NAMESPACE = 'refgrant-system'
const KINDS = 'all,cm,secret,sa,role,rolebinding,pdb,lease,netpol,resourcequota'
const CLUSTER_WIDE =
  'clusterrole,clusterrolebinding,validatingwebhookconfiguration,validatingadmissionpolicy,validatingadmissionpolicybinding,flowschema'

/** Runs a command of a guide, as it is there, and returns what it prints; it must succeed. */
export async function documented(
  name: string,
  administrator: Administrator,
  guide = 'docs/install.md',
): Promise<string> {
  const [, command = ''] = readFileSync(guide, 'utf8').split(`<!-- command: ${name} -->\n`)
  const [lines = ''] = command.split('\n\n')
  assert.notEqual(lines, '', `${guide} has no command ${name}`)
  return shell(`set -e; kubectl() { "$KUBECTL" "$@"; }\n${lines}`, administrator)
}

/** The names of all objects of refgrant that are left, with their kinds. */
export async function leftOf(administrator: Administrator): Promise<string[]> {
  const own = await shell(`"$KUBECTL" get ${KINDS} --namespace ${NAMESPACE} --output=name`, administrator)
  const clusterWide = await shell(`"$KUBECTL" get ${CLUSTER_WIDE} --output=name`, administrator)
  return `${own}${clusterWide}`.split('\n').filter((name) => name.includes('refgrant'))
}

async function shell(script: string, { kubectl, kubeconfig }: Administrator): Promise<string> {
  const { code, stdout, stderr } = await run('bash', ['-c', script], {
    env: { KUBECTL: kubectl, KUBECONFIG: kubeconfig },
  })
  assert.equal(code, 0, stderr)
  return stdout
}

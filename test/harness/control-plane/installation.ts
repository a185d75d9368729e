import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { run } from '../program/run.ts'

/** The account that installs refgrant. */
interface Administrator {
  /** Path of kubectl. */
  readonly kubectl: string
  readonly kubeconfig: string
  /** Path of Helm, for the commands that use it. */
  readonly helm?: string
}

const NAMESPACE = 'refgrant-system'
const KINDS = 'all,cm,secret,sa,role,rolebinding,pdb,lease,netpol,resourcequota'
const CLUSTER_WIDE =
  'clusterrole,clusterrolebinding,validatingwebhookconfiguration,validatingadmissionpolicy,validatingadmissionpolicybinding,flowschema'

/** The text of a command of a guide. */
export function commandOf(name: string, guide = 'docs/install.md'): string {
  const [, command = ''] = readFileSync(guide, 'utf8').split(`<!-- command: ${name} -->\n`)
  const [lines = ''] = command.split('\n\n')
  assert.notEqual(lines, '', `${guide} has no command ${name}`)
  return lines
}

/** Runs a command of a guide, as it is there, and returns what it prints; it must succeed. */
export function documented(name: string, administrator: Administrator, guide?: string): Promise<string> {
  return shell(commandOf(name, guide), administrator)
}

/** The names of all objects of refgrant that are left, with their kinds. */
export async function leftOf(administrator: Administrator): Promise<string[]> {
  const own = await shell(`kubectl get ${KINDS} --namespace ${NAMESPACE} --output=name`, administrator)
  const clusterWide = await shell(`kubectl get ${CLUSTER_WIDE} --output=name`, administrator)
  return `${own}${clusterWide}`.split('\n').filter((name) => name.includes('refgrant'))
}

/** Runs commands as they are in a guide, and returns what they print; each must succeed. */
export async function shell(commands: string, { kubectl, helm, kubeconfig }: Administrator): Promise<string> {
  const programs = [kubectl, ...(helm === undefined ? [] : [helm])].map((program) => path.dirname(program))
  const PATH = [...programs, process.env.PATH].join(':')
  const { code, stdout, stderr } = await run('bash', ['-e', '-o', 'pipefail', '-c', commands], {
    env: { PATH, KUBECONFIG: kubeconfig },
  })
  assert.equal(code, 0, `${commands}\n${stderr}`)
  return stdout
}

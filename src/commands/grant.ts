import { Command } from 'commander'
import { stringify } from 'yaml'
import { catalogueOf, loadConfig } from '../config/load.ts'
import { grantsAmong } from '../files/grant-files.ts'
import { readObjects } from '../files/object-files.ts'
import type { Grant } from '../policy/grant.ts'
import { missingGrants } from '../policy/missing-grant.ts'
import { survey } from '../policy/survey.ts'
import { toJson } from '../report/words.ts'
import { configOption, namespaceOption, outputOption } from './options.ts'
import { reportProblems } from './problems.ts'

interface GrantOptions {
  readonly filename: readonly string[]
  readonly grants: readonly string[]
  readonly namespace: string
  readonly config?: string
  readonly output: 'yaml' | 'json'
}

/** `refgrant grant`: the grants that the objects of files lack. */
export function grantCommand(): Command {
  return new Command('grant')
    .description('print the smallest ReferenceGrants that permit what the objects of files refer to')
    .requiredOption('-f, --filename <path...>', 'YAML and JSON files, folders of them, or - for standard input')
    .option('--grants <path...>', 'more files or folders with ReferenceGrants that there are already', [])
    .addOption(namespaceOption())
    .addOption(configOption())
    .addOption(outputOption(['yaml', 'json']))
    .addHelpText('after', '\nA ReferenceGrant among the files counts as there already.')
    .action(grant)
}

async function grant({ filename, grants, namespace, config, output }: GrantOptions): Promise<void> {
  const catalogue = catalogueOf(loadConfig(config))
  const asked = await readObjects(filename, namespace)
  const beside = await readObjects(grants, namespace)
  const there = grantsAmong([...asked.objects, ...beside.objects], catalogue.grantKinds)
  const { references } = survey(
    catalogue,
    asked.objects,
    there.map(({ grant }) => grant),
  )
  const refused = references.filter((one) => one.grants.length === 0).map(({ reference }) => reference)
  const missing = missingGrants(refused).map(toObject)
  if (output === 'json') process.stdout.write(toJson({ apiVersion: 'v1', kind: 'List', items: missing }))
  else process.stdout.write(missing.map((object) => stringify(object)).join('---\n'))
  if (missing.length === 0) process.stderr.write('no grant is missing\n')
  reportProblems([...asked.problems, ...beside.problems])
}

function toObject({ namespace, name, from, to }: Grant) {
  // v1beta1 is the version that every release of Gateway API since v0.6 serves.
  const apiVersion = 'gateway.networking.k8s.io/v1beta1'
  return { apiVersion, kind: 'ReferenceGrant', metadata: { name, namespace }, spec: { from, to } }
}

import { Command } from 'commander'
import { catalogueOf, loadConfig } from '../config/load.ts'
import { objectTitle } from '../policy/explain.ts'
import { grantObject } from '../policy/grant.ts'
import { kindOf } from '../policy/grant-kinds.ts'
import { LONGEST_NAME, missingGrants } from '../policy/missing-grant.ts'
import type { Reference } from '../policy/reference.ts'
import { survey } from '../policy/survey.ts'
import { toJson } from '../report/words.ts'
import { toYaml } from '../report/yaml.ts'
import { readInput } from './input.ts'
import { configOption, excludeOption, filenameOption, namespaceOption, outputOption, pathsOf } from './options.ts'
import { print } from './print.ts'
import { problemLine, reportProblems, tellNotes } from './problems.ts'

interface GrantOptions {
  readonly filename: readonly string[]
  readonly grants: readonly string[]
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly output: 'yaml' | 'json'
}

/** `refgrant grant`: the grants that the objects of files lack. */
export function grantCommand(): Command {
  return new Command('grant')
    .description('print the smallest grants that permit what the objects of files refer to')
    .argument('[path...]', 'YAML and JSON files, folders of them, or - for standard input')
    .addOption(filenameOption())
    .option('--grants <path...>', 'more files or folders with ReferenceGrants that there are already', [])
    .addOption(namespaceOption())
    .addOption(excludeOption())
    .addOption(configOption())
    .addOption(outputOption(['yaml', 'json']))
    .addHelpText('after', '\nA ReferenceGrant among the files counts as there already.')
    .action(grant)
}

async function grant(args: string[], options: GrantOptions): Promise<void> {
  const { filename, grants, namespace, exclude, config, output } = options
  const paths = pathsOf(args, filename, 'grant')
  const catalogue = catalogueOf(loadConfig(config))
  const input = await readInput({ paths, grants, namespace, exclude }, catalogue, 'grant -')
  const there = [...input.own, ...input.beside].map(({ grant }) => grant)
  const { references } = survey(catalogue, input.objects, there)
  const refused = references.filter((one) => one.grants.length === 0).map(({ reference }) => reference)
  const { usable = [], unusable = [] } = Object.groupBy(refused, (one) => (isUsable(one) ? 'usable' : 'unusable'))
  const missing = missingGrants(usable).map((grant) => grantObject(grant, kindOf(grant, catalogue.grantKinds)))
  await print(output === 'json' ? toJson({ apiVersion: 'v1', kind: 'List', items: missing }) : toYaml(missing))
  tellNotes(input.notes)
  // What could not be read may lack one.
  if (refused.length === 0 && input.problems.length === 0) process.stderr.write('no grant is missing\n')
  reportProblems([...input.problems.map(problemLine), ...unusable.map(unusableLine)])
}

/** Whether a grant can name both ends of a reference. */
function isUsable({ from, to }: Reference): boolean {
  const names = [from.group, from.kind, from.namespace, to.group, to.kind, to.namespace, to.name]
  return names.every((name) => name.length <= LONGEST_NAME)
}

function unusableLine({ from, path }: Reference): string {
  return `${objectTitle(from)}: ${path} has a name of more than ${LONGEST_NAME} characters, which no grant can have`
}

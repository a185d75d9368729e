import { readFile } from 'node:fs/promises'
import { Argument, Command } from 'commander'
import { stringify } from 'yaml'
import { type Config, catalogueOf, loadConfig, type Overrides } from '../config/load.ts'
import { modeLabelPolicy } from '../manifests/mode-label-policy.ts'
import { rbac } from '../manifests/rbac.ts'
import { type WebhookClient, webhookConfiguration } from '../manifests/webhook.ts'
import { toJson } from '../report/words.ts'
import { configOption, modeOption, outputOption } from './options.ts'

interface ManifestsOptions extends Overrides {
  readonly url?: string
  readonly ca?: string
  readonly config?: string
  readonly output: 'yaml' | 'json'
}

/** What can be printed alone. */
const PARTS = ['rbac', 'webhook', 'mode-label-policy'] as const
type Part = (typeof PARTS)[number]

/** `refgrant manifests`: the Kubernetes objects that the server needs. */
export function manifestsCommand(): Command {
  const parts = new Argument('[part]', 'one part alone').choices(PARTS)
  return new Command('manifests')
    .description('print the Kubernetes objects that the server needs: its account, its rights and its registration')
    .addHelpText(
      'after',
      '\nWithout a part, rbac and webhook are printed. The part mode-label-policy is optional: it lets only holders of\nthe verb set-refgrant-mode change the mode label of a namespace.',
    )
    .addArgument(parts)
    .option('--url <url>', 'origin of a server outside the cluster, https://HOST:PORT; default: the Service')
    .option('--ca <file>', 'PEM file with the authority that signed the server certificate; default: left out')
    .addOption(configOption())
    .addOption(modeOption())
    .addOption(outputOption(['yaml', 'json']))
    .action(async (part: Part | undefined, { url, ca, config: file, output, mode }: ManifestsOptions) => {
      const config = loadConfig(file, { mode })
      const caBundle = ca === undefined ? undefined : await readFile(ca, 'utf8')
      const chosen = (part === undefined ? (['rbac', 'webhook'] as const) : [part]).flatMap((name) =>
        objectsOf(name, config, { url, caBundle }),
      )
      if (output === 'json') process.stdout.write(toJson({ apiVersion: 'v1', kind: 'List', items: chosen }))
      else
        process.stdout.write(chosen.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'))
    })
}

function objectsOf(part: Part, config: Config, client: WebhookClient): object[] {
  const { guardedFields: own, mode, modeLabel, failurePolicy } = config
  switch (part) {
    case 'rbac':
      return rbac(catalogueOf(config).grantKinds)
    case 'webhook':
      return [webhookConfiguration({ catalogue: catalogueOf(config), own, mode, modeLabel, failurePolicy }, client)]
    case 'mode-label-policy':
      return modeLabelPolicy(modeLabel)
  }
}

import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { stringify } from 'yaml'
import { loadConfig } from '../config.ts'
import { rbac } from '../manifests/rbac.ts'
import { webhookConfiguration } from '../manifests/webhook.ts'
import { Catalogue } from '../policy/catalogue.ts'
import { toJson } from '../report/words.ts'
import { configOption, outputOption } from './options.ts'

interface ManifestsOptions {
  readonly url?: string
  readonly ca?: string
  readonly config?: string
  readonly output: 'yaml' | 'json'
}

/** `refgrant manifests`: the Kubernetes objects that the server needs. */
export function manifestsCommand(): Command {
  return new Command('manifests')
    .description('print the Kubernetes objects that the server needs: its account, its rights and its registration')
    .addHelpText('after', '\nPrinted in two parts, or one of them by its name: rbac, webhook.')
    .argument('[part]', 'rbac or webhook; both without it')
    .option('--url <url>', 'address of a server outside the cluster, https://HOST:PORT/validate; default: the Service')
    .option('--ca <file>', 'PEM file with the authority that signed the server certificate; default: left out')
    .addOption(configOption())
    .addOption(outputOption(['yaml', 'json']))
    .action(async (part: string | undefined, options: ManifestsOptions, command: Command) => {
      const { url, ca, config, output } = options
      const { guardedFields, ownFields } = loadConfig(config)
      const catalogue = new Catalogue(guardedFields)
      const caBundle = ca === undefined ? undefined : await readFile(ca, 'utf8')
      const parts = new Map([
        ['rbac', rbac()],
        ['webhook', [webhookConfiguration(catalogue, ownFields, { url, caBundle })]],
      ])
      const chosen = part === undefined ? [...parts.values()].flat() : parts.get(part)
      if (!chosen) command.error(`error: there is no part "${part}": choose rbac or webhook`)
      else if (output === 'json') process.stdout.write(toJson({ apiVersion: 'v1', kind: 'List', items: chosen }))
      else process.stdout.write(chosen.map((object) => stringify(object)).join('---\n'))
    })
}

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { stringify } from 'yaml'
import { DocumentError, parseObjects } from '../files/documents.ts'
import { Catalogue, guardedFields } from '../policy/catalogue.ts'
import { extract } from '../policy/extract.ts'
import type { Grant } from '../policy/grant.ts'
import { crosses } from '../policy/judge.ts'
import { missingGrants } from '../policy/missing-grant.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import { CommandFailure } from './failure.ts'

/** `refgrant grant`: the grants that the objects of a file need. */
export function grantCommand(): Command {
  return new Command('grant')
    .description('print the smallest ReferenceGrants that permit the references of the objects in a file')
    .requiredOption('-f, --filename <file>', 'YAML or JSON file with routes and gateways; - for standard input')
    .option('-n, --namespace <namespace>', 'namespace of objects that name none', 'default')
    .action(async ({ filename, namespace }: { filename: string; namespace: string }) => {
      const grants = missingGrants(await crossingReferences(filename, namespace))
      if (grants.length === 0)
        process.stderr.write(`${filename}: nothing refers to another namespace; no grant is needed\n`)
      else process.stdout.write(grants.map(toYaml).join('---\n'))
    })
}

async function crossingReferences(filename: string, namespace: string): Promise<Reference[]> {
  const catalogue = new Catalogue(guardedFields)
  try {
    const content = filename === '-' ? await text(process.stdin) : await readFile(filename, 'utf8')
    return parseObjects(content).flatMap(({ object }) =>
      extract(catalogue, objectName(object, namespace), object).filter(crosses),
    )
  } catch (error) {
    const line = error instanceof DocumentError ? `:${error.line}` : ''
    throw new CommandFailure(`${filename}${line}: ${(error as Error).message}`, { cause: error })
  }
}

function objectName(object: Record<string, unknown>, namespace: string): ObjectName {
  const metadata = (object.metadata ?? {}) as { name?: unknown; namespace?: unknown }
  const [version = '', group] = String(object.apiVersion ?? '')
    .split('/')
    .reverse()
  return {
    group: version === '' ? '' : (group ?? ''),
    kind: String(object.kind ?? ''),
    namespace: typeof metadata.namespace === 'string' ? metadata.namespace : namespace,
    name: String(metadata.name ?? ''),
  }
}

function toYaml({ namespace, name, from, to }: Grant): string {
  // v1beta1 is the version that every release of Gateway API since v0.6 serves.
  const apiVersion = 'gateway.networking.k8s.io/v1beta1'
  return stringify({ apiVersion, kind: 'ReferenceGrant', metadata: { name, namespace }, spec: { from, to } })
}

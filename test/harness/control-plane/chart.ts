import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { ApiObject } from '../objects/api-object.ts'
import { type Result, run } from '../program/run.ts'
import { helm } from './helm.ts'

export const CHART = 'manifests/chart'

/** The value without a default. */
export const REGISTRY = ['--set', 'image.registry=registry.example.com']

/** The files of values that together render every part of the chart. */
export const valuesFiles = readdirSync(path.join(CHART, 'ci')).map((name) => path.join(CHART, 'ci', name))

/** What `helm template` prints for a release `refgrant` in the namespace refgrant-system. */
export async function template(...argv: string[]): Promise<Result> {
  return run(await helm(), ['template', 'refgrant', CHART, '--namespace', 'refgrant-system', ...argv])
}

/** The objects that the chart renders, without those of the probe unless `--show-only` asks for them. */
export async function rendered(...argv: string[]): Promise<ApiObject[]> {
  const hooks = argv.includes('--show-only') ? [] : ['--no-hooks']
  const { code, stdout, stderr } = await template(...REGISTRY, ...hooks, ...argv)
  if (code !== 0) throw new Error(`helm template ${argv.join(' ')}: ${stderr}`)
  return parseAllDocuments(stdout)
    .map((document) => {
      // Such as a key that is there twice, which a later reader may or may not notice.
      if (document.errors.length > 0) throw new Error(`helm template ${argv.join(' ')}: ${document.errors}`)
      return document.toJS() as ApiObject | null
    })
    .filter((object) => object !== null)
    .flatMap((object) => (object.kind === 'List' ? (object.items as ApiObject[]) : object))
}

const OVERLAYS = 'manifests/overlays'

/** The folders of the overlays. */
export const overlays = readdirSync(OVERLAYS).map((name) => path.join(OVERLAYS, name))

/** The objects of an overlay, as the chart renders them with its values. */
export async function overlay(folder: string): Promise<string> {
  const { code, stdout, stderr } = await template(
    ...REGISTRY,
    '--no-hooks',
    '--values',
    path.join(folder, 'values.yaml'),
  )
  if (code !== 0) throw new Error(`helm template for ${folder}: ${stderr}`)
  return `# The chart with values.yaml, by make overlays.\n${stdout}`
}

if (import.meta.main)
  for (const folder of overlays) writeFileSync(path.join(folder, 'refgrant.yaml'), await overlay(folder))

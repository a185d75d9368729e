import path from 'node:path'
import { stringify } from 'yaml'
import { folderWith, replaceFile } from '../folders.ts'
import { until } from '../until.ts'
import type { Refgrant } from './refgrant.ts'

const HEAD = { apiVersion: 'refgrant.dev/v1alpha1', kind: 'Configuration' }

let texts = 0

/** A new configuration file with these fields. */
export function configFile(fields: object = {}): string {
  return path.join(folderWith({ 'refgrant.yaml': textOf(fields) }), 'refgrant.yaml')
}

const files = new Map<string, string>()

/** A file with this configuration, the same one each time; undefined for an empty text. */
export function configFileOf(configuration: string): string | undefined {
  if (configuration === '') return undefined
  const file = files.get(configuration) ?? path.join(folderWith({ 'refgrant.yaml': configuration }), 'refgrant.yaml')
  files.set(configuration, file)
  return file
}

/** Writes other fields to the file of a running server, and waits until they are in force. */
export async function configure(server: Refgrant, file: string, fields: object): Promise<void> {
  const reloads = () => server.metric('refgrant_config_reloads_total', 'done')
  const before = await reloads()
  replaceFile(file, textOf(fields))
  await until('the configuration is read', async () => (await reloads()) > before)
}

/** A comment makes each text another one. */
function textOf(fields: object): string {
  return `${stringify({ ...HEAD, ...fields })}# ${texts++}\n`
}

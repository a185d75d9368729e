import { Command } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import { API_VERSION } from '../admission/names.ts'
import { toJson } from '../report/json.ts'
import { outputOption } from '../terminal/options.ts'
import { print } from '../terminal/print.ts'

/** The version of refgrant. */
export const { version } = manifest
const { node } = process.versions

/** The version as a line of text. */
export const versionLine = `refgrant ${version} (Node ${node})`

/** `refgrant version`: prints the versions of refgrant and of Node. */
export function versionCommand(): Command {
  return new Command('version').addOption(outputOption()).action(async ({ output }: { output: 'text' | 'json' }) => {
    const report = { apiVersion: API_VERSION, kind: 'Version', version, node }
    await print(output === 'json' ? toJson(report) : [`${versionLine}\n`])
  })
}

import { Command } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import { API_VERSION } from '../admission/names.ts'
import { toJson } from '../report/json.ts'
import { outputOption } from './options.ts'
import { print } from './print.ts'

const { version } = manifest
const { node } = process.versions

/** The version in one line, for people. */
export const versionLine = `refgrant ${version} (Node ${node})`

/** `refgrant version`: which refgrant this is, and which Node runs it. */
export function versionCommand(): Command {
  return new Command('version')
    .description('print the version of refgrant, and of the Node that runs it')
    .addOption(outputOption())
    .action(async ({ output }: { output: 'text' | 'json' }) => {
      const report = { apiVersion: API_VERSION, kind: 'Version', version, node }
      await print(output === 'json' ? toJson(report) : [`${versionLine}\n`])
    })
}

import { Command } from 'commander'
import { catalogueOf, loadConfig } from '../config/load.ts'
import { catalogueJson, catalogueMarkdown, catalogueText } from '../report/catalogue.ts'
import { configOption, outputOption } from './options.ts'
import { print } from './print.ts'

const FORMATS = { text: catalogueText, json: catalogueJson, markdown: catalogueMarkdown }

/** `refgrant catalogue`: the guarded fields in effect. */
export function catalogueCommand(): Command {
  return new Command('catalogue')
    .description('print every guarded field: those of Gateway API, and your own')
    .addOption(configOption())
    .addOption(outputOption(Object.keys(FORMATS)))
    .action(async ({ config, output }: { config?: string; output: keyof typeof FORMATS }) => {
      await print(FORMATS[output](catalogueOf(loadConfig(config)).fields))
    })
}

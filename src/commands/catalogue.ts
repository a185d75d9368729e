import { Command, Option } from 'commander'
import { coverageOf } from '../config/config.ts'
import { PRESETS, type PresetName } from '../policy/presets.ts'
import { catalogueJson, catalogueMarkdown, catalogueText } from '../report/catalogue.ts'
import { configurationOf } from './configuration.ts'
import { configOption, outputOption } from './options.ts'
import { print } from './print.ts'

const FORMATS = { text: catalogueText, json: catalogueJson, markdown: catalogueMarkdown }

interface CatalogueOptions {
  readonly config?: string
  readonly preset?: readonly PresetName[]
  readonly output: keyof typeof FORMATS
}

/** `refgrant catalogue`: prints the guarded fields. */
export function catalogueCommand(): Command {
  return new Command('catalogue')
    .description('print every guarded field of Gateway API and of your configuration')
    .addOption(configOption())
    .addOption(new Option('--preset <name...>', 'also the guarded fields of other projects').choices(PRESETS))
    .addOption(outputOption(Object.keys(FORMATS)))
    .action(async ({ config: file, preset = [], output }: CatalogueOptions) => {
      const config = await configurationOf(file)
      const chosen = new Set([...config.presets, ...preset])
      await print(FORMATS[output](coverageOf({ ...config, presets: [...chosen] }).fields))
    })
}

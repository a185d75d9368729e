import { Command, Option } from 'commander'
import { coverageOf } from '../config/config.ts'
import { configurationOf } from '../input/configuration.ts'
import type { GuardedField } from '../policy/catalogue.ts'
import { PRESETS, type PresetName, presets } from '../policy/presets.ts'
import { catalogueJson, catalogueMarkdown, catalogueText } from '../report/catalogue.ts'
import { refuseIdle } from '../terminal/idle-options.ts'
import { configOption, outputOption } from '../terminal/options.ts'
import { print } from '../terminal/print.ts'

const FORMATS = { text: catalogueText, json: catalogueJson, markdown: catalogueMarkdown }

interface CatalogueOptions {
  readonly config?: string
  readonly preset?: readonly PresetName[]
  readonly output: keyof typeof FORMATS
}

/** `refgrant catalogue`: prints the guarded fields. */
export function catalogueCommand(): Command {
  return new Command('catalogue')
    .addOption(configOption())
    .addOption(new Option('--preset <name...>', 'print only what these presets add').choices(PRESETS))
    .addOption(outputOption(Object.keys(FORMATS)))
    .action(async ({ config, preset, output }: CatalogueOptions, command: Command) => {
      if (preset) refuseIdle(command, ['config'], 'with --preset, which prints only what presets add')
      const fields = preset?.flatMap((name): readonly GuardedField[] => presets[name].fields)
      await print(FORMATS[output](fields ?? coverageOf(await configurationOf(config)).fields))
    })
}

import { type Config, defaultConfig, type Overrides } from '../config/config.ts'
import { STDIN } from '../files/text.ts'
import { namedText } from './named-text.ts'

/**
 * Returns the configuration of a command. Without a file, the parser is not imported: its import takes longer than
 * most commands.
 *
 * @param file `-` is standard input
 * @throws ConfigError if the file cannot be read, or has an error
 */
export async function configurationOf(file: string | undefined, overrides: Overrides = {}): Promise<Config> {
  if (file === undefined) return defaultConfig(overrides)
  const { configOf, readConfig } = await import('../config/read.ts')
  return file === STDIN ? configOf(file, await namedText(file), overrides) : readConfig(file, overrides)
}

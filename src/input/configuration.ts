import { type Config, defaultConfig, type Overrides } from '../config/config.ts'

/**
 * Returns the configuration of a command. Without a file, the parser is not imported: its import takes longer than
 * most commands.
 *
 * @throws ConfigError if the file cannot be read, or has an error
 */
export async function configurationOf(file: string | undefined, overrides: Overrides = {}): Promise<Config> {
  if (file === undefined) return defaultConfig(overrides)
  return (await import('../config/read.ts')).readConfig(file, overrides)
}

import { type Config, defaultConfig, type Overrides } from '../config/config.ts'

/**
 * Returns the configuration of a command. Without a file, this does not load the parser, which takes longer to load than
 * most commands take.
 *
 * @throws ConfigError if the file cannot be read, or has an error
 */
export async function configurationOf(file: string | undefined, overrides: Overrides = {}): Promise<Config> {
  if (file === undefined) return defaultConfig(overrides)
  return (await import('../config/load.ts')).loadConfig(file, overrides)
}

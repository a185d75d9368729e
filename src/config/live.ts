import type { Logger } from 'pino'
import type { Settings } from '../admission/settings.ts'
import { type Config, type ConfigError, configOf, type Overrides, settingsOf, textOf } from './load.ts'

/**
 * A configuration that follows its file, at each look. A new text that cannot be used is reported, and the last good one
 * stays.
 */
export class LiveConfig {
  readonly #file: string | undefined
  readonly #overrides: Overrides
  readonly #logger: Logger
  #config: Config
  #settings: Settings
  /** What was read last; undefined if it could not be read. */
  #text: string | undefined
  /** How often the file changed: to something that could be used, and to something that could not. */
  readonly reloads = { done: 0, failed: 0 }

  /** @throws ConfigError if there is nothing good to begin with */
  constructor(file: string | undefined, overrides: Overrides, logger: Logger) {
    this.#file = file
    this.#overrides = overrides
    this.#logger = logger
    this.#text = textOf(file)
    this.#config = configOf(file, this.#text, overrides)
    this.#settings = settingsOf(this.#config)
  }

  get config(): Config {
    return this.#config
  }

  get settings(): Settings {
    return this.#settings
  }

  /**
   * Reads the file, and takes what it says if that is new and can be used.
   *
   * @returns whether there is another configuration in force
   */
  look(): boolean {
    const before = this.#text
    this.#text = undefined
    try {
      this.#text = textOf(this.#file)
      if (this.#text === before) return false
      this.#config = configOf(this.#file, this.#text, this.#overrides)
      this.#settings = settingsOf(this.#config)
      this.reloads.done += 1
      this.#logger.info({ file: this.#file }, 'configuration read again')
      return true
    } catch (error) {
      if (this.#text !== before) this.#report(error as ConfigError)
      return false
    }
  }

  #report({ message }: ConfigError): void {
    this.reloads.failed += 1
    this.#logger.error(
      { file: this.#file, problems: message.split('\n') },
      'the configuration cannot be used; the last one stays in force',
    )
  }
}

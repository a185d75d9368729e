import type { Logger } from 'pino'
import type { Settings } from '../admission/settings.ts'
import { type Config, type Overrides, settingsOf } from './config.ts'
import { type ConfigError, configOf, textOf } from './read.ts'

/** The result of a new text: it is in force, or it cannot be used. */
export type Reload = 'done' | 'failed'

/**
 * A configuration that is read again at each look. If the new text cannot be used, that is logged, and the last valid
 * configuration stays in force.
 */
export class LiveConfig {
  /** The file of the configuration, if there is one. */
  readonly file: string | undefined
  readonly #overrides: Overrides
  readonly #logger: Logger
  #config: Config
  #settings: Settings
  /** The last text; undefined if the file could not be read. */
  #text: string | undefined

  /** @throws ConfigError if the first configuration cannot be used */
  constructor(file: string | undefined, overrides: Overrides, logger: Logger) {
    this.file = file
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
   * Reads the file, and uses a new text if it is valid.
   *
   * @returns undefined if the text is the same as before
   */
  look(): Reload | undefined {
    const before = this.#text
    this.#text = undefined
    try {
      this.#text = textOf(this.file)
      if (this.#text === before) return undefined
      this.#config = configOf(this.file, this.#text, this.#overrides)
      this.#settings = settingsOf(this.#config)
      this.#logger.info({ file: this.file }, 'reloaded the configuration')
      return 'done'
    } catch (error) {
      if (this.#text === before) return undefined
      this.#report(error as ConfigError)
      return 'failed'
    }
  }

  #report({ message }: ConfigError): void {
    this.#logger.error(
      { file: this.file, problems: message.split('\n') },
      'cannot use the changed configuration; the last valid one stays in force',
    )
  }
}

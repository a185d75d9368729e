import type { Logger } from 'pino'
import type { Settings } from '../admission/settings.ts'
import { type Config, type ConfigError, configOf, type Overrides, settingsOf, textOf } from './load.ts'

/** What became of another text: it is in force, or it cannot be used. */
export type Reload = 'done' | 'failed'

/**
 * A configuration that follows its file, at each look. A new text that cannot be used is reported, and the last good one
 * stays.
 */
export class LiveConfig {
  /** What it follows, if anything. */
  readonly file: string | undefined
  readonly #overrides: Overrides
  readonly #logger: Logger
  #config: Config
  #settings: Settings
  /** What was read last; undefined if it could not be read. */
  #text: string | undefined

  /** @throws ConfigError if there is nothing good to begin with */
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
   * Reads the file, and takes what it says if that is new and can be used.
   *
   * @returns what became of that; undefined if the file says the same as before
   */
  look(): Reload | undefined {
    const before = this.#text
    this.#text = undefined
    try {
      this.#text = textOf(this.file)
      if (this.#text === before) return undefined
      this.#config = configOf(this.file, this.#text, this.#overrides)
      this.#settings = settingsOf(this.#config)
      this.#logger.info({ file: this.file }, 'configuration read again')
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
      'the configuration cannot be used; the last one stays in force',
    )
  }
}

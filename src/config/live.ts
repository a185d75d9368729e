import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Settings } from '../admission/settings.ts'
import { type Config, loadConfig, type Overrides, settingsOf } from './load.ts'

/**
 * How often the file is looked at, in ms. Its folder is not watched: a ConfigMap's files change by a link that is put in
 * place of another, which file systems tell of in different ways.
 */
const LOOK = 1_000

/** A configuration that follows its file. A new text that cannot be used is reported, and the last good one stays. */
export class LiveConfig {
  readonly #file: string | undefined
  readonly #overrides: Overrides
  readonly #logger: Logger
  #config: Config
  #settings: Settings
  #text: string | undefined
  #timer: NodeJS.Timeout | undefined
  /** How often the file changed: to something that could be used, and to something that could not. */
  readonly reloads = { done: 0, failed: 0 }

  /** @throws ConfigError if there is nothing good to begin with */
  constructor(file: string | undefined, overrides: Overrides, logger: Logger) {
    this.#file = file
    this.#overrides = overrides
    this.#logger = logger
    this.#text = this.#read()
    this.#config = loadConfig(file, overrides)
    this.#settings = settingsOf(this.#config)
  }

  get config(): Config {
    return this.#config
  }

  get settings(): Settings {
    return this.#settings
  }

  /** Follows the file until `close`. */
  watch(changed: (config: Config) => void): void {
    if (this.#file === undefined) return
    this.#timer = setInterval(() => this.#look(changed), LOOK).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(changed: (config: Config) => void): void {
    const text = this.#read()
    if (text === this.#text) return
    this.#text = text
    try {
      this.#config = loadConfig(this.#file, this.#overrides)
      this.#settings = settingsOf(this.#config)
      this.reloads.done += 1
      this.#logger.info({ file: this.#file }, 'configuration read again')
      changed(this.#config)
    } catch (error) {
      this.reloads.failed += 1
      const problems = (error as Error).message.split('\n')
      this.#logger.error(
        { file: this.#file, problems },
        'the configuration cannot be used; the last one stays in force',
      )
    }
  }

  /** The text of the file; undefined if it cannot be read now. */
  #read(): string | undefined {
    try {
      return this.#file === undefined ? undefined : readFileSync(this.#file, 'utf8')
    } catch {
      return undefined
    }
  }
}

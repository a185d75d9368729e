import type { Settings } from '../../../src/admission/settings.ts'
import { settingsOf } from '../../../src/config/config.ts'
import { loadConfig } from '../../../src/config/load.ts'

/** What the server decides by without a configuration. */
export const defaultSettings: Settings = settingsOf(loadConfig(undefined))

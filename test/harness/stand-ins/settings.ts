import type { Settings } from '../../../src/admission/settings.ts'
import { settingsOf } from '../../../src/config/config.ts'
import { readConfig } from '../../../src/config/read.ts'

/** What the server decides by without a configuration. */
export const defaultSettings: Settings = settingsOf(readConfig(undefined))

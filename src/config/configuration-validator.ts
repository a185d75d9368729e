import { Ajv } from 'ajv'
import type { Config } from './config.ts'
import { configurationSchema } from './schema.ts'

/** Validates a configuration, and sets its defaults. The bundle has the function that this makes in place of Ajv: see .build/bundle.ts. */
export const validate = new Ajv({
  allErrors: true,
  verbose: true,
  useDefaults: true,
  code: { source: true },
}).compile<Config>(configurationSchema)

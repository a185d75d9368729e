import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject } from 'ajv'
import { DocumentError, type ObjectDocument, parseObjects } from './files/documents.ts'
import { Catalogue, type GuardedField, guardedFields } from './policy/catalogue.ts'
import { rowProblem } from './policy/own-fields.ts'
import { quote } from './policy/quote.ts'

/** What an admin may set, complete: what the file leaves out has its default. */
export interface Config {
  /** The guarded fields of Gateway API, and then the admin's own. */
  readonly guardedFields: readonly GuardedField[]
  /** Those of the admin's own alone. */
  readonly ownFields: readonly GuardedField[]
}

/** A configuration that cannot be used: the message names the file, the line, the field and the reason. */
export class ConfigError extends Error {}

interface ConfigFile {
  readonly guardedFields?: readonly GuardedField[]
}

const groupKind = { group: { type: 'string' }, kind: { type: 'string', minLength: 1 } }

const schema = {
  type: 'object',
  required: ['apiVersion', 'kind'],
  additionalProperties: false,
  properties: {
    apiVersion: { const: 'refgrant.dev/v1alpha1' },
    kind: { const: 'Configuration' },
    guardedFields: {
      type: 'array',
      items: {
        type: 'object',
        required: ['from', 'path'],
        additionalProperties: false,
        properties: {
          from: {
            type: 'object',
            required: ['group', 'kind', 'plural'],
            additionalProperties: false,
            properties: { ...groupKind, plural: { type: 'string', minLength: 1 } },
          },
          path: { type: 'string' },
          to: { type: 'object', required: ['group', 'kind'], additionalProperties: false, properties: groupKind },
        },
      },
    },
  },
}

/**
 * Reads the configuration.
 *
 * @param file without it, everything has its default
 * @throws ConfigError if it cannot be read, or anything in it is wrong
 */
export function loadConfig(file: string | undefined): Config {
  const ownFields = file === undefined ? [] : readOwnFields(file)
  return { guardedFields: [...guardedFields, ...ownFields], ownFields }
}

function readOwnFields(file: string): GuardedField[] {
  const { object, lineOf } = readDocument(file)
  const fail = (field: string, message: string) =>
    `${file}:${lineOf(field)}: ${field === '' ? '' : `${field} `}${message}`
  const validate = new Ajv({ allErrors: true, strict: true }).compile<ConfigFile>(schema)
  if (!validate(object)) throw new ConfigError((validate.errors ?? []).map((error) => fail(...words(error))).join('\n'))
  const rows = (object as ConfigFile).guardedFields ?? []
  const problems = rows.flatMap((row, index) => {
    const problem = rowProblem(row, new Catalogue([...guardedFields, ...rows.slice(0, index)]))
    return problem === undefined ? [] : [fail(`guardedFields[${index}]`, problem)]
  })
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return [...rows]
}

function readDocument(file: string): ObjectDocument {
  try {
    const [document, second] = parseObjects(readFileSync(file, 'utf8'))
    if (!document) throw new DocumentError(1, 'there is no configuration in this file')
    if (second) throw new DocumentError(second.line, 'there is a second document, where one configuration is all')
    return document
  } catch (error) {
    const place = error instanceof DocumentError ? `${file}:${error.line}` : file
    throw new ConfigError(`${place}: ${(error as Error).message}`, { cause: error })
  }
}

/** What is wrong by the schema: the field, and the reason in words that continue its name. */
function words({ instancePath, keyword, params, message }: ErrorObject): [field: string, message: string] {
  const field = instancePath
    .slice(1)
    .replace(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.')
  const below = (name: string) => (field === '' ? name : `${field}.${name}`)
  if (keyword === 'additionalProperties') return [below(params.additionalProperty), 'is no field of the configuration']
  if (keyword === 'required') return [below(params.missingProperty), 'is missing']
  if (keyword === 'const') return [field, `must be ${quote(params.allowedValue)}`]
  return [field, message ?? 'is wrong']
}

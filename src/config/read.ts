import { readFileSync, statSync } from 'node:fs'
import { declaredKindProblem, kindProblem, kindsProblem, type RowProblem, rowProblem } from '../policy/own-fields.ts'
import { knownKinds } from '../policy/well-known.ts'
import { Failure } from '../system/failure.ts'
import { readOnce } from '../system/read-once.ts'
import { reasonOf } from '../system/reason.ts'
import { bare } from '../wording/quote.ts'
import { rowSentence } from '../wording/row-problem.ts'
import { DocumentError, parseDocuments } from '../yaml/documents.ts'
import { anyObject, type ObjectDocument } from '../yaml/objects.ts'
import { complaint } from './complaint.ts'
import { type Config, coverageOf, defaultConfig, type Overrides, overridden } from './config.ts'
import { validate } from './configuration-validator.ts'

/** A configuration that cannot be used. The message has one line for each error: file, line, field, reason. */
export class ConfigError extends Failure {}

/**
 * Reads the configuration.
 *
 * @param file without a file, every field has its default
 * @throws ConfigError if the file cannot be read, or has an error
 */
export function readConfig(file: string | undefined, overrides: Overrides = {}): Config {
  return configOf(file, read(file, readOnce), overrides)
}

/**
 * Returns the text of a file that is read again when it changes; an empty text without a file.
 *
 * @throws ConfigError if the file cannot be read
 */
export function textOf(file: string | undefined): string {
  return read(file, (file) => {
    if (statSync(file).isFIFO())
      throw new Error('is a pipe, which a server cannot read again when it changes: name a file')
    return readFileSync(file)
  })
}

function read(file: string | undefined, how: (file: string) => Buffer): string {
  try {
    return file === undefined ? '' : how(file).toString()
  } catch (error) {
    const reason = `${reasonOf(error)} (name a configuration with --config)`
    throw new ConfigError(`${bare(file ?? '')}: ${reason}`, { cause: error })
  }
}

/**
 * Parses a configuration.
 *
 * @param file the file of the text; without a file, every field has its default
 * @throws ConfigError if the text has an error
 */
export function configOf(file: string | undefined, text: string, overrides: Overrides = {}): Config {
  if (file === undefined) return defaultConfig(overrides)
  const { object, lineOf } = documentOf(file, text)
  const tell = (field: string, reason: string) => `${file}:${lineOf(field)}: ${field === '' ? 'this' : field} ${reason}`
  if (!validate(object)) {
    const complaints = (validate.errors ?? []).map(complaint).map(({ field, reason }) => tell(field, reason))
    throw new ConfigError([...new Set(complaints)].join('\n'))
  }
  const config: Config = object
  const problems = problemsOf(config).map(({ field, problem }) => tell(field, rowSentence(problem)))
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return overridden(config, overrides)
}

/** Returns the problems that the schema cannot find, each with its field. */
function problemsOf(config: Config): { field: string; problem: RowProblem }[] {
  const coverage = coverageOf(config)
  const each = <T>(field: string, all: readonly T[], problemOf: (one: T, index: number) => RowProblem | undefined) =>
    all.flatMap((one, index) => {
      const problem = problemOf(one, index)
      return problem === undefined ? [] : [{ field: `${field}[${index}]`, problem }]
    })
  const { exemptTargets, grantKinds, guardedFields } = config
  const known = knownKinds(coverage)
  const withoutRows = coverageOf({ ...config, guardedFields: [] })
  const tooMany = kindsProblem(coverage)
  return [
    ...each('exemptTargets', exemptTargets, (target) => kindProblem(target, known)),
    ...each('guardedFields', guardedFields, (row, index) =>
      rowProblem(row, withoutRows, guardedFields.slice(0, index)),
    ),
    ...(tooMany === undefined ? [] : [{ field: 'guardedFields', problem: tooMany }]),
    ...each('grantKinds', grantKinds, (kind, index) => declaredKindProblem(kind, grantKinds.slice(0, index), known)),
  ]
}

function documentOf(file: string, text: string): ObjectDocument {
  try {
    const [document, second] = parseDocuments(text).map(anyObject)
    if (!document) throw new DocumentError(1, 'this file has no configuration')
    if (second) throw new DocumentError(second.line, 'this file has a second document: write one configuration')
    return document
  } catch (error) {
    const message =
      error instanceof DocumentError
        ? `${file}:${error.line}: ${error.message}`
        : `${file}: ${reasonOf(error)} (name a configuration with --config)`
    throw new ConfigError(message, { cause: error })
  }
}

import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { Mode, Settings } from '../admission/settings.ts'
import { Catalogue, type GuardedField, guardedFields as standardFields } from '../policy/catalogue.ts'
import { type GrantKind, REFERENCE_GRANT } from '../policy/grant-kinds.ts'
import { declaredKindProblem, kindProblem, kindsProblem, type RowProblem, rowProblem } from '../policy/own-fields.ts'
import { type Preset, type PresetName, presets } from '../policy/presets.ts'
import type { GroupKind } from '../policy/reference.ts'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { rowSentence } from '../wording/row-problem.ts'
import { DocumentError, parseDocuments } from '../yaml/documents.ts'
import { anyObject, type ObjectDocument } from '../yaml/objects.ts'
import { complaint } from './complaint.ts'
import { configurationSchema } from './schema.ts'

/** A limit of reads: how many at once after a quiet time, and how many a second. */
interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** The configuration with all defaults filled in. See schema.ts for the meaning of each field. */
export interface Config {
  readonly mode: Mode
  readonly modeLabel: string
  readonly failurePolicy: 'Fail' | 'Ignore'
  readonly existingViolations: 'warn' | 'deny'
  readonly meshRoutes: 'exempt' | 'enforce'
  readonly dryRun: { readonly warnFieldManagers: readonly string[] }
  readonly exempt: {
    readonly users: readonly string[]
    readonly groups: readonly string[]
    readonly serviceAccounts: readonly { readonly namespace: string; readonly name: string }[]
    readonly namespaces: readonly string[]
  }
  readonly exemptTargets: readonly GroupKind[]
  /** The names of presets, whose guarded fields are added to those of Gateway API. */
  readonly presets: readonly PresetName[]
  /** The admin's own guarded fields, which are added to those of Gateway API. */
  readonly guardedFields: readonly GuardedField[]
  /** The kinds that count as grants in addition to ReferenceGrant. */
  readonly grantKinds: readonly GrantKind[]
  readonly budgets: { readonly eachNamespace: Rate; readonly allNamespaces: Rate }
  readonly bounds: { readonly knowledgeAgeSeconds: number }
}

/** A configuration that cannot be used. The message has one line for each error: file, line, field, reason. */
export class ConfigError extends Failure {}

/** Values from the command line or the environment, which override the file. */
export type Overrides = { [K in 'mode' | 'existingViolations' | 'meshRoutes']?: Config[K] | undefined }

const validate = new Ajv({ allErrors: true, verbose: true, useDefaults: true }).compile<Config>(configurationSchema)

/**
 * Reads the configuration.
 *
 * @param file without a file, every field has its default
 * @throws ConfigError if the file cannot be read, or has an error
 */
export function loadConfig(file: string | undefined, overrides: Overrides = {}): Config {
  return configOf(file, textOf(file), overrides)
}

/**
 * Returns the text of a file; an empty text without a file.
 *
 * @throws ConfigError if the file cannot be read
 */
export function textOf(file: string | undefined): string {
  try {
    return file === undefined ? '' : readFileSync(file, 'utf8')
  } catch (error) {
    const reason = `${reasonOf(error)} (name a configuration with --config)`
    throw new ConfigError(`${file}: ${reason}`, { cause: error })
  }
}

/**
 * Parses a configuration.
 *
 * @param file the file of the text; without a file, every field has its default
 * @throws ConfigError if the text has an error
 */
export function configOf(file: string | undefined, text: string, overrides: Overrides = {}): Config {
  const { object, lineOf } = file === undefined ? NO_FILE : documentOf(file, text)
  const tell = (field: string, reason: string) => `${file}:${lineOf(field)}: ${field === '' ? 'this' : field} ${reason}`
  if (!validate(object)) {
    const complaints = (validate.errors ?? []).map(complaint).map(({ field, reason }) => tell(field, reason))
    throw new ConfigError([...new Set(complaints)].join('\n'))
  }
  const config: Config = object
  const problems = problemsOf(config).map(({ field, problem }) => tell(field, rowSentence(problem)))
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return { ...config, ...Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)) }
}

/** Returns the problems that the schema cannot find, each with its field. */
function problemsOf(config: Config): { field: string; problem: RowProblem }[] {
  const catalogue = catalogueOf(config)
  const each = <T>(field: string, all: readonly T[], problemOf: (one: T, index: number) => RowProblem | undefined) =>
    all.flatMap((one, index) => {
      const problem = problemOf(one, index)
      return problem === undefined ? [] : [{ field: `${field}[${index}]`, problem }]
    })
  const { exemptTargets, grantKinds, guardedFields } = config
  const rowsBefore = (index: number) => catalogueOf({ ...config, guardedFields: guardedFields.slice(0, index) })
  const tooMany = kindsProblem(catalogue)
  return [
    ...each('exemptTargets', exemptTargets, (target) => kindProblem(target, catalogue)),
    ...each('guardedFields', guardedFields, (row, index) => rowProblem(row, rowsBefore(index))),
    ...(tooMany === undefined ? [] : [{ field: 'guardedFields', problem: tooMany }]),
    ...each('grantKinds', grantKinds, (kind, index) =>
      declaredKindProblem(kind, grantKinds.slice(0, index), catalogue),
    ),
  ]
}

/** Returns the settings by which requests are judged. */
export function settingsOf(config: Config): Settings {
  const { users, groups, serviceAccounts, namespaces } = config.exempt
  // The user name of a service account: k8s.io/apiserver/pkg/authentication/serviceaccount, MakeUsername.
  const accounts = serviceAccounts.map(({ namespace, name }) => `system:serviceaccount:${namespace}:${name}`)
  return {
    catalogue: catalogueOf(config),
    mode: config.mode,
    existingViolations: config.existingViolations,
    warnedFieldManagers: new Set(config.dryRun.warnFieldManagers),
    exempt: {
      users: new Set([...users, ...accounts]),
      groups: new Set(groups),
      namespaces: new Set(namespaces),
    },
  }
}

/** Returns the limits of fresh reads, and the age up to which cached grants may be used, in ms. */
export function limitsOf({ budgets, bounds }: Config) {
  return { ...budgets, knowledgeAge: bounds.knowledgeAgeSeconds * 1_000 }
}

/** Returns the fields of a configuration that the registration depends on. */
export function registrationOf(config: Config) {
  const { mode, modeLabel, failurePolicy } = config
  return { catalogue: catalogueOf(config), mode, modeLabel, failurePolicy }
}

/** Returns the catalogue of a configuration. */
export function catalogueOf(config: Config): Catalogue {
  const { meshRoutes, exemptTargets, grantKinds } = config
  const exemptions = { meshRoutes: meshRoutes === 'exempt', targets: exemptTargets }
  const declared = new Set(grantKinds.map(({ group, plural }) => `${plural}.${group}`))
  // A kind that the file declares overrides the same kind of a preset.
  const preset = chosen(config)
    .flatMap(({ grantKinds }) => grantKinds)
    .filter(({ group, plural }) => !declared.has(`${plural}.${group}`))
  const fields = [...standardFields, ...addedFields(config)]
  return new Catalogue(fields, exemptions, [REFERENCE_GRANT, ...preset, ...grantKinds])
}

/** Returns the guarded fields that a configuration adds to those of Gateway API. */
export function addedFields(config: Config): readonly GuardedField[] {
  return [...chosen(config).flatMap(({ fields }) => fields), ...config.guardedFields]
}

function chosen(config: Config): readonly Preset[] {
  return config.presets.map((name) => presets[name])
}

const NO_FILE: Pick<ObjectDocument, 'object' | 'lineOf'> = {
  get object() {
    return { apiVersion: configurationSchema.properties.apiVersion.const, kind: 'Configuration' }
  },
  lineOf: () => 0,
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
